import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { parseConfig } from '../../config.ts'
import { withConfigFile } from '../../config-file.ts'
import { Secret } from '../../kernel/secret.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import type { Terminal } from '../terminal.ts'

/** `openapi`: the calls as a document. */
export function openapiCommand(program: Command, terminal: Terminal): void {
  const openapi = program
    .command('openapi')
    .description('print the OpenAPI 3.1 document, as the service has it at /api/openapi.json')
  openapi.action(async (_options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const document = await documentOf(terminal)
    // JSON either way: nothing else is a document.
    await desk.line(JSON.stringify(document, null, 2))
  })
  withExamples(openapi, [['latchkey openapi > openapi.json', 'without a database, and without a running service']])
}

async function documentOf(terminal: Terminal): Promise<unknown> {
  const [{ compose }, { createLog }, { openNoDatabase }] = await Promise.all([
    import('../../compose.ts'),
    import('../../platform/log.ts'),
    import('../../platform/postgres/no-database.ts'),
  ])
  // Nothing is signed here, so the service's own key is neither needed nor made.
  const config = {
    ...parseConfig(withConfigFile(terminal.env)),
    secretKey: new Secret(randomBytes(32).toString('base64')),
  }
  const service = await compose(config, { log: createLog('silent'), keeps: false, open: openNoDatabase })
  try {
    return await service.document()
  } finally {
    await service.close()
  }
}
