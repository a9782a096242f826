/**
 * Puts the `package.json` that is published in the place of the one that is worked with, while `npm pack` or
 * `npm publish` makes the tarball, and back again: `publish`, `restore`.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unbundled } from './build.ts'

const root = join(import.meta.dirname, '..')
const manifest = join(root, 'package.json')
/** The one that is worked with, meanwhile. */
const kept = join(root, '.tmp-package.json')

interface Manifest {
  readonly [field: string]: unknown
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** What only the repository has: tools, scripts that need them, and sources that Node does not run in `node_modules`. */
const ours = ['devDependencies', 'allowScripts', 'scripts']

/** Of the dependencies those that the build does not hold already: nothing is installed twice. */
export function published(worked: Manifest): Manifest {
  const rest = Object.entries(worked).filter(([field]) => !ours.includes(field))
  const dependencies = Object.entries(worked.dependencies).filter(([name]) => unbundled.includes(name))
  const exports = Object.entries(worked.exports).map(([path, target]) => {
    if (typeof target === 'string') return [path, target]
    const { 'latchkey-source': _, ...conditions } = target
    return [path, conditions]
  })
  return {
    ...Object.fromEntries(rest),
    dependencies: Object.fromEntries(dependencies),
    exports: Object.fromEntries(exports),
  }
}

function restore(): void {
  if (existsSync(kept)) renameSync(kept, manifest)
}

function publish(): void {
  // An attempt before this one may have been cut off.
  restore()
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(kept, text)
  writeFileSync(manifest, `${JSON.stringify(published(JSON.parse(text)), null, 2)}\n`)
}

if (import.meta.main) {
  if (process.argv[2] === 'publish') publish()
  else restore()
}
