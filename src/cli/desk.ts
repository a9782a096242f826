import type { Command } from 'commander'
import type { Features } from '../compose.ts'
import { parseConfig } from '../config.ts'
import { withConfigFile } from '../config-file.ts'
import type { Caller } from '../kernel/caller.ts'
import { hasDatabase } from '../platform/postgres/embedded-place.ts'
import { confirm } from './ask.ts'
import { CommandFailed } from './failure.ts'
import { operator } from './operator.ts'
import { type Output, outputOf, type Terminal } from './terminal.ts'

/** What every command has at hand. */
export interface Desk extends Output {
  readonly terminal: Terminal
  /** Who acts. */
  readonly operator: Caller
  /** Has a person say yes to `deed`, unless `--yes` has said so. */
  confirm(deed: string): Promise<void>
  /** Opens the service without serving, for as long as `work` takes. Where there is no database, none is made. */
  withService<T>(work: (service: Features) => Promise<T>): Promise<T>
}

/** The options that every command has. */
interface Common {
  readonly json?: boolean
  readonly yes?: boolean
  readonly color: boolean
}

export function deskOf(terminal: Terminal, command: Command): Desk {
  const { json = false, yes = false, color } = command.optsWithGlobals<Common>()
  return {
    ...outputOf(terminal, { json, color }),
    terminal,
    operator: operator(),
    confirm: (deed) => confirm(terminal, yes, deed),
    async withService(work) {
      const config = parseConfig(withConfigFile(terminal.env))
      if (!hasDatabase(config)) {
        const what = `There is no database in ${config.dataDir}, and DATABASE_URL is not set.`
        throw new CommandFailed('database', `${what} Run "latchkey migrate", or start the service.`)
      }
      // Loaded only here: what needs no database starts at once.
      const [{ composeFeatures }, { createLog }, { openMigrated }] = await Promise.all([
        import('../compose.ts'),
        import('../platform/log.ts'),
        import('../platform/postgres/open-database.ts'),
      ])
      const service = await composeFeatures(config, { log: createLog('silent'), keeps: false, open: openMigrated })
      try {
        return await work(service)
      } finally {
        await service.close()
      }
    },
  }
}
