import type { Command } from 'commander'
import { parseConfig } from '../../config.ts'
import { withConfigFile } from '../../config-file.ts'
import { hasDatabase } from '../../platform/postgres/embedded-place.ts'
import type { MigrationState } from '../../platform/postgres/migrator.ts'
import { type Desk, deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { exitCodes } from '../exit-codes.ts'
import { table } from '../table.ts'
import { moment, type Terminal } from '../terminal.ts'

/** `migrate`: the tables. */
export function migrateCommand(program: Command, terminal: Terminal): void {
  const migrate = program
    .command('migrate')
    .description('bring the tables to this version, forward only; `serve` does so at its start too')
    .option('--status', 'change nothing: list what has run and what is still to run; ends with 1 unless all has run')
  migrate.action(async ({ status = false }: { status?: boolean }, command: Command) => {
    const desk = deskOf(terminal, command)
    const { before, after } = await lookAndMigrate(terminal, !status)
    if (status) return report(desk, after)
    const isOpen = new Set(before.filter(({ state }) => state === 'pending').map(({ name }) => name))
    const ran = after.filter(({ name, state }) => state === 'applied' && isOpen.has(name)).map(({ name }) => name)
    await desk.answer({ ran }, () =>
      ran.length > 0 ? `Ran: ${ran.join(', ')}.` : 'Nothing to do: the tables are those of this version.',
    )
  })
  withExamples(migrate, [
    ['latchkey migrate', 'before the processes of a new version start'],
    ['latchkey migrate --status', 'what would run'],
  ])
}

async function lookAndMigrate(terminal: Terminal, migrates: boolean) {
  const config = parseConfig(withConfigFile(terminal.env))
  const [{ openDatabase }, { migrationStates, statesOfNone }, { createLog }] = await Promise.all([
    import('../../platform/postgres/open-database.ts'),
    import('../../platform/postgres/migrator.ts'),
    import('../../platform/log.ts'),
  ])
  const look = async (migrates: boolean) => {
    const opened = await openDatabase({ ...config, migrates }, createLog('silent'), () => undefined)
    try {
      return await migrationStates(opened.database)
    } finally {
      await opened.close()
    }
  }
  const before = hasDatabase(config) ? await look(false) : statesOfNone()
  return { before, after: migrates ? await look(true) : before }
}

async function report(desk: Desk, states: readonly MigrationState[]): Promise<void> {
  const plain = states.map(({ name, state, ranAt }) => ({ name, state, ran_at: ranAt }))
  await desk.answer({ migrations: plain }, () =>
    table(
      desk,
      ['MIGRATION', 'STATE', 'RAN'],
      states.map(({ name, state, ranAt }) => [name, state, ranAt && moment(ranAt)]),
    ),
  )
  if (states.some(({ state }) => state !== 'applied')) process.exitCode = exitCodes.failed.code
}
