/**
 * Puts the `package.json` that is published in the place of the one that is worked with, while `npm pack` makes the
 * tarball, and back again: `publish`, `restore`. `refuse` is what `npm publish` gets from the folder.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
  readonly scripts: Readonly<Record<string, string>>
}

/** What only the repository has: tools, scripts that need them, and sources that Node does not run in `node_modules`. */
const ours = ['devDependencies', 'allowScripts']
/** What npm runs in a clone alone. They stay, so that a pack puts right what one before it left when it was cut off. */
const ofPacking = ['prepack', 'postpack', 'prepublishOnly']

/** Of the dependencies those that the build does not hold already: nothing is installed twice. */
export function published(worked: Manifest): Manifest {
  const rest = Object.entries(worked).filter(([field]) => !ours.includes(field))
  const dependencies = Object.entries(worked.dependencies).filter(([name]) => unbundled.includes(name))
  const exports = Object.entries(worked.exports).map(([path, target]) => {
    if (typeof target === 'string') return [path, target]
    const { 'latchkey-source': _, ...conditions } = target
    return [path, conditions]
  })
  const scripts = Object.entries(worked.scripts).filter(([name]) => ofPacking.includes(name))
  return {
    ...Object.fromEntries(rest),
    scripts: Object.fromEntries(scripts),
    dependencies: Object.fromEntries(dependencies),
    exports: Object.fromEntries(exports),
  }
}

/** The text of the published one. */
const publishedText = (worked: string) => `${JSON.stringify(published(JSON.parse(worked)), null, 2)}\n`

/** A file has its name when it is whole: this may be cut off at any moment. */
function replace(path: string, text: string): void {
  writeFileSync(`${kept}.part`, text)
  renameSync(`${kept}.part`, path)
}

/** Puts the one that is worked with back, but over nothing that somebody has written since. */
function restore(): void {
  if (!existsSync(kept)) return
  const [worked, current] = [readFileSync(kept, 'utf8'), readFileSync(manifest, 'utf8')]
  const isSwapped = current === publishedText(worked)
  if (isSwapped) renameSync(kept, manifest)
  else rmSync(kept)
  if (!isSwapped && current !== worked)
    console.error('package.json has changed since a pack that was cut off: it is left as it is.')
}

function publish(): void {
  restore()
  const text = readFileSync(manifest, 'utf8')
  replace(kept, text)
  replace(manifest, publishedText(text))
}

/** npm reads `package.json` once more when the tarball is made, and would send the one that is worked with. */
function refuse(): void {
  console.error('Nothing is published from the folder: npm pack, then npm publish ./latchkey-VERSION.tgz --provenance.')
  process.exitCode = 1
}

if (import.meta.main) {
  const [, , asked] = process.argv
  if (asked === 'publish') publish()
  else if (asked === 'refuse') refuse()
  else restore()
}
