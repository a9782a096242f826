import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const run = promisify(execFile)

/** npm, as the machine has it; with the Node that this process runs on. */
export function npm(words: readonly string[], cwd: string) {
  const { npm_execpath: npm } = process.env
  const [command, ...first] = npm ? [process.execPath, npm] : ['npm']
  return run(command as string, [...first, ...words], {
    cwd,
    timeout: 120_000,
    shell: !npm && process.platform === 'win32',
  })
}

const packed = ['.npmrc', 'package.json', 'package-lock.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'bin', 'scripts']
const built = ['src', 'tsconfig.json', 'tsconfig.kits.json']

/** The tarball of `npm pack`, made in a copy: the manifest changes meanwhile, and other tests read it. */
export async function packedTarball(): Promise<{ path: string; bytes: Buffer<ArrayBuffer> }> {
  const copy = await mkdtemp(join(root, '.tmp-pack-'))
  try {
    for (const name of [...packed, ...built]) await cp(join(root, name), join(copy, name), { recursive: true })
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
    const elsewhere = await mkdtemp(join(tmpdir(), 'latchkey-packed-'))
    process.once('exit', () => void rm(elsewhere, { recursive: true, force: true }))
    await npm(['pack', '--pack-destination', elsewhere], copy)
    const [before, after] = await Promise.all(
      [root, copy].map((place) => readFile(join(place, 'package.json'), 'utf8')),
    )
    assert.equal(after, before, 'package.json is as it was')
    const [file = ''] = await readdir(elsewhere)
    const path = join(elsewhere, file)
    return { path, bytes: await readFile(path) }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/**
 * A folder outside of the repository with nothing but what is in the tarball, and the packages that it says it needs:
 * linked, so that no registry is asked.
 */
export async function installed(tarball: string): Promise<{ directory: string; manifest: Record<string, never> }> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-installed-'))
  const place = join(directory, 'node_modules', 'latchkey')
  await mkdir(place, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'])
  const manifest = JSON.parse(await readFile(join(place, 'package.json'), 'utf8'))
  const link = async (target: string, ...path: string[]) => {
    await mkdir(dirname(join(directory, 'node_modules', ...path)), { recursive: true })
    await symlink(target, join(directory, 'node_modules', ...path))
  }
  for (const name of Object.keys(manifest.dependencies)) await link(join(root, 'node_modules', name), name)
  await link(join(place, manifest.bin.latchkey), '.bin', 'latchkey')
  return { directory, manifest }
}
