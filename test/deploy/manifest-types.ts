import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What Kubernetes calls a thing, and where its type is in `kubernetes-types`, made from Kubernetes' own OpenAPI. */
const modules: Readonly<Record<string, string>> = {
  'v1 ConfigMap': 'core/v1',
  'v1 Service': 'core/v1',
  'apps/v1 Deployment': 'apps/v1',
  'policy/v1 PodDisruptionBudget': 'policy/v1',
  'autoscaling/v2 HorizontalPodAutoscaler': 'autoscaling/v2',
  'networking.k8s.io/v1 NetworkPolicy': 'networking/v1',
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
}

/**
 * What the compiler finds wrong with each manifest, by its name: fields that do not exist, values of another type,
 * fields that are missing. As a literal, an object of a type may have no field beyond it.
 */
export async function complaintsAbout(manifests: Readonly<Record<string, Manifest>>): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-manifests-'))
  try {
    for (const [name, manifest] of Object.entries(manifests)) {
      const { apiVersion, kind } = manifest
      const module = modules[`${apiVersion} ${kind}`]
      if (!module) throw new Error(`no type is known of ${apiVersion} ${kind}`)
      const literal = JSON.stringify(manifest, null, 1)
      const lines = `import type { ${kind} } from 'kubernetes-types/${module}'\nexport const it: ${kind} = ${literal}\n`
      await writeFile(join(folder, `${name}.ts`), lines)
    }
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'es2023',
      paths: { 'kubernetes-types/*': [join(root, 'node_modules/kubernetes-types/*')] },
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    const output = await compile(folder)
    const complaints: Record<string, string> = {}
    for (const [, name = '', text = ''] of output.matchAll(/^([\w-]+)\.ts\(\d+,\d+\): error (.*)$/gm)) {
      complaints[name] ??= text
    }
    if (output.trim() !== '' && Object.keys(complaints).length === 0) throw new Error(output)
    return complaints
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What `tsc` prints, whether it finds an error or none. */
function compile(folder: string): Promise<string> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder }, (error, stdout, stderr) =>
      resolve(stdout + stderr || (error ? String(error) : '')),
    )
  })
}
