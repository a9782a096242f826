import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildService } from '../../scripts/build.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The service as it is published, built into a folder of its own beside the sources, which goes with this process. */
export async function builtService(): Promise<{ main: string }> {
  const directory = mkdtempSync(join(root, '.tmp-built-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  await buildService(directory)
  return { main: join(directory, 'main.js') }
}
