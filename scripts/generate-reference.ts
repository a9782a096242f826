/**
 * Writes the pages in `docs/reference` from the program itself: the HTTP API, the configuration, the codes of refusals. (The
 * command has a page and a script of its own.) A test holds them in step.
 */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compose } from '../src/compose.ts'
import { parseConfig } from '../src/config.ts'
import { Secret } from '../src/kernel/secret.ts'
import { createLog } from '../src/platform/log.ts'
import { openNoDatabase } from '../src/platform/postgres/no-database.ts'
import { apiPage, type OpenApi } from './reference/api.ts'
import { configurationPage } from './reference/configuration.ts'
import { refusalsPage } from './reference/refusals.ts'

const root = join(import.meta.dirname, '..')

/** The pages as they must be, by their paths. */
export async function referencePages(document: OpenApi): Promise<Map<string, string>> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const metrics = await readFile(join(root, 'docs', 'metrics.md'), 'utf8')
  return new Map([
    [join(root, 'docs', 'reference', 'api.md'), apiPage(document)],
    [join(root, 'docs', 'reference', 'configuration.md'), configurationPage(readme, metrics)],
    [join(root, 'docs', 'reference', 'refusals.md'), refusalsPage()],
  ])
}

/** The document of the routes, without a database: nothing is signed, so any key will do. */
export async function documentOfRoutes(): Promise<OpenApi> {
  const config = { ...parseConfig({}), secretKey: new Secret(randomBytes(32).toString('base64')) }
  const service = await compose(config, { log: createLog('silent'), keeps: false, open: openNoDatabase })
  try {
    return (await service.document()) as unknown as OpenApi
  } finally {
    await service.close()
  }
}

if (import.meta.main) {
  for (const [path, text] of await referencePages(await documentOfRoutes())) await writeFile(path, text)
}
