import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Config } from '../../config.ts'
import type { Log } from '../../platform/log.ts'
import { hasDatabase } from '../../platform/postgres/embedded-place.ts'
import type { MigrationState } from '../../platform/postgres/migrator.ts'
import type { OpenDatabase } from '../../platform/postgres/open-database.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { failureOf } from '../failure.ts'
import { lookAtConfiguration } from './configuration.ts'
import { grantsTo, judgeDatabase, judgeMigrations } from './database.ts'
import { databaseFacts } from './database-facts.ts'
import { type Finding, found, ok } from './finding.ts'
import { lookAtHashing } from './hashing.ts'
import { judgeKeys } from './keys.ts'
import { lookAt, unseen } from './look.ts'
import { lookAtMachine } from './machine.ts'
import { lookAtPublicUrl, type SeenAs } from './public-url.ts'
import { lookAtSecrets } from './secrets.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Looks at everything, one thing after the other, and gives what each has found. What fails is itself a finding. */
export async function* examine(env: Environment): AsyncGenerator<Finding[]> {
  const { config, findings } = lookAtConfiguration(env)
  yield findings
  if (config === null) {
    yield await lookAtMachine(env.DATA_DIR || './data')
    return
  }
  yield await lookAt('secrets.file', `ls -la ${config.dataDir}`, () => lookAtSecrets(config, env))
  yield await lookAt('disk', `ls -la ${config.dataDir}`, () => lookAtMachine(config.dataDir))
  yield await lookAt('hashing', 'npm ci, for this platform', async () => {
    const { measureHash } = await import('../../compose.ts')
    return lookAtHashing(config, measureHash)
  })
  yield [noMail]
  yield* examineData(config)
}

/** There is nothing to be set up, and who expects mail is to know it. */
const noMail = found(
  'note',
  'mail',
  'The service sends no mail, and there is nothing to set up for it.',
  'Whoever forgets their password asks an operator, and no address is proven to be theirs.',
  'latchkey users set-password ID, once you know who asks',
)

/** The database and what is in it, and the service that has it. */
async function* examineData(config: Config): AsyncGenerator<Finding[]> {
  if (!hasDatabase(config)) {
    yield [ok('database', `There is none in ${config.dataDir} yet: the first start makes it.`)]
    return
  }
  const [{ openDatabase }, { createLog }, { migrationStates }] = await Promise.all([
    import('../../platform/postgres/open-database.ts'),
    import('../../platform/log.ts'),
    import('../../platform/postgres/migrator.ts'),
  ])
  const log = createLog('silent')
  const opened = await openDatabase({ ...config, migrates: false }, log, () => undefined).catch((error) => error)
  if (opened instanceof Error) {
    yield [unopened(opened, config)]
    yield await lookFromOutside(config)
    return
  }
  const { database, close } = opened
  try {
    const seen = await databaseFacts(database).catch((error) => error)
    if (seen instanceof Error && failureOf(seen).outcome === 'database') {
      yield [unopened(seen, config)]
      yield await lookFromOutside(config)
      return
    }
    const url = config.databaseUrl?.reveal() ?? null
    yield seen instanceof Error ? [unseen('database', seen, rights)] : judgeDatabase(seen, url)
    const states = await migrationStates(database).catch((error) => error)
    yield states instanceof Error ? [unseen('database.migrations', states, rights)] : judgeMigrations(states)
    // Of tables that nobody knows to be other ones the rest is looked at all the same.
    const isMigrated = states instanceof Error || isApplied(states)
    const kids: string[] = []
    if (isMigrated) yield await lookAt('keys', rights, () => lookAtKeys(config, log, opened, kids))
    // The embedded database is here, so nobody serves it at this moment.
    if (config.databaseUrl === null) return
    yield await lookFromOutside(config, kids, isMigrated ? seenAs(database) : null)
  } finally {
    await close()
  }
}

/** @param kids those that are known; none means nothing to compare with. */
const lookFromOutside = ({ publicUrl }: Config, kids: readonly string[] = [], seen: SeenAs | null = null) =>
  lookAt('public-url', 'PUBLIC_URL=where it is reached', () =>
    lookAtPublicUrl(publicUrl, kids.length > 0 ? kids : null, seen),
  )

const rights = grantsTo('the role of DATABASE_URL')

const isApplied = (states: readonly MigrationState[]) => states.every(({ state }) => state === 'applied')

function unopened(error: Error, { databaseUrl }: Config): Finding {
  const [what = ''] = failureOf(error).sentences
  if (error.name === 'DataDirLocked') {
    const why = 'The embedded database belongs to one process: it was not looked at, nor the keys in it.'
    return found('note', 'database', what, why, 'stop the service, and ask again')
  }
  const mend =
    databaseUrl === null ? 'DATA_DIR=a folder that this user owns' : 'DATABASE_URL=postgres://user@host:5432/database'
  return found('error', 'database', what, 'Without a database the service does not start.', mend)
}

/** Opens the keys as the service does; `kids` gets their names. */
async function lookAtKeys(config: Config, log: Log, opened: OpenDatabase, kids: string[]): Promise<Finding[]> {
  const { rows } = await sql<{ some: boolean }>`SELECT EXISTS (SELECT FROM signing_keys) AS some`.execute(
    opened.database,
  )
  if (!rows[0]?.some) return judgeKeys([], new Date(), config.keyRotationInterval)
  if (config.secretKey === null && !existsSync(join(config.dataDir, 'secret.key'))) {
    const why = 'The service would make another one, which does not open the signing keys in the database.'
    return [found('error', 'keys', 'There is no secret key.', why, 'SECRET_KEY=the one that the service had')]
  }
  const { composeFeatures } = await import('../../compose.ts')
  // On the same connections, which whoever opened them closes.
  const open = async () => ({ ...opened, close: async () => undefined })
  try {
    const service = await composeFeatures(config, { log, keeps: false, open })
    const keys = service.keys.list()
    kids.push(...keys.filter(({ phase }) => phase !== 'gone').map(({ kid }) => kid))
    await service.close()
    return judgeKeys(keys, new Date(), config.keyRotationInterval)
  } catch (error) {
    const [what = ''] = failureOf(error).sentences
    const why = 'The service does not start: it can not open its signing keys.'
    return [found('error', 'keys', what, why, 'SECRET_KEY=the one that the service had, or its file in DATA_DIR')]
  }
}

const seenAs =
  (database: Database): SeenAs =>
  async (traceId) => {
    const { rows } = await sql<{ ip: string | null }>`
      SELECT audit_whence.ip FROM audit_events JOIN audit_whence ON event_id = id
      WHERE request_id = ${traceId} AND at > now() - interval '1 hour' AND id > (SELECT max(id) FROM audit_events) - 10000
      LIMIT 1`.execute(database)
    return rows[0]?.ip ?? null
  }
