import { sql } from 'kysely'
import { createAccounts, type HashingLine } from './accounts/index.ts'
import { createAudit } from './audit/index.ts'
import type { Config } from './config.ts'
import { summarizeConfig } from './config-summary.ts'
import type { Clock } from './kernel/clock.ts'
import { createKeys } from './keys/index.ts'
import { recordRoutes, serveDocs } from './platform/http/docs.ts'
import { healthRoutes } from './platform/http/health-routes.ts'
import { recordAddresses, refuseOtherMethods } from './platform/http/other-methods.ts'
import { serveProblemsPage } from './platform/http/problems-page.ts'
import { createServer } from './platform/http/server.ts'
import type { Log } from './platform/log.ts'
import { databaseClock } from './platform/postgres/database-clock.ts'
import { databaseRefusal } from './platform/postgres/faults.ts'
import { type OpensDatabase, openDatabase } from './platform/postgres/open-database.ts'
import { transactPostgres } from './platform/postgres/transact.postgres.ts'
import { createScheduler } from './platform/scheduler.ts'
import { deriveKey, secretKeyIn } from './platform/secret-key.ts'
import { createSessions, TokenAnswer, tokenAnswer } from './sessions/index.ts'
import { createThrottle, noThrottle } from './throttle/index.ts'
import { createTransfer } from './transfer/index.ts'
import { version } from './version.ts'

export { measureHash } from './accounts/index.ts'

export type Service = Awaited<ReturnType<typeof compose>>
export type Features = Awaited<ReturnType<typeof composeFeatures>>

export interface Surroundings {
  readonly log: Log
  /** The database's own clock where none is given. */
  readonly clock?: Clock
  /** Told when the database has stopped for good and only a new process can open it again. */
  readonly onFatal?: (error: Error) => void
  /** The line to the process that hashes for this one, and keeps the data in order for it. */
  readonly hashedAt?: HashingLine | null
  /** Whether this process keeps the data in order in the background; a command's does not. */
  readonly keeps?: boolean
  /** How the database is opened: with its tables made the newest, unless said otherwise. */
  readonly open?: OpensDatabase
}

const minute = 60
const hour = 3600

/**
 * THE composition root: configuration, adapters, features, server, in the order of their dependence. Nothing listens
 * yet. What was opened is closed by `close`, the last first, and also when a later line throws.
 *
 * The first half, for who answers no requests: a command, and a process that has workers to do so.
 */
export async function composeFeatures(
  config: Config,
  {
    log,
    clock: given,
    onFatal = () => undefined,
    hashedAt = null,
    keeps = !hashedAt,
    open = openDatabase,
  }: Surroundings,
) {
  await using opened = new AsyncDisposableStack()

  const { database, ...store } = await open({ ...config, migrates: !hashedAt }, log, onFatal)
  opened.defer(store.close)
  const transact = transactPostgres(database)
  const time = given ? { clock: given, look: async () => undefined } : await databaseClock(database)
  const { clock } = time
  const secretKey = config.secretKey ?? (await secretKeyIn(config.dataDir))
  const derived = (purpose: string) => deriveKey(secretKey, purpose)
  const derivedBefore = (purpose: string) => config.secretKeyPrevious && deriveKey(config.secretKeyPrevious, purpose)
  const { audit, ...auditLog } = createAudit({
    database,
    transact,
    clock,
    log,
    seed: derived('audit'),
    previousSeed: derivedBefore('audit'),
    retention: config.auditRetention,
  })
  // Not after a start that failed: it may have been one under another key.
  let started = false
  opened.defer(() => (started ? auditLog.close() : auditLog.settle()))

  const keys = await createKeys({
    database,
    transact,
    clock,
    audit,
    vaultKey: derived('vault'),
    previousVaultKey: derivedBefore('vault'),
    publicUrl: config.publicUrl,
    algorithm: config.tokenAlgorithm,
    interval: config.keyRotationInterval,
    jwksMaxAge: config.jwksMaxAge,
    longestTokenLife: config.accessTokenTtl,
    keeps,
    log,
  })
  const limiting = config.rateLimit
    ? createThrottle({ database, clock, audit, log, hmacKey: derived('throttle') })
    : null
  const throttle = limiting ?? noThrottle
  const sessions = createSessions({
    database,
    transact,
    clock,
    signer: keys.signer,
    audit,
    macKey: derived('refresh-token'),
    previousMacKey: derivedBefore('refresh-token'),
    issuer: config.publicUrl,
    accessTokenTtl: config.accessTokenTtl,
    limits: { refreshTokenTtl: config.refreshTokenTtl, sessionMaxAge: config.sessionMaxAge },
    policy: { window: config.refreshReuseWindow, onReuse: config.refreshReusePolicy },
    routeLimits: throttle.limits,
    maxSessionsPerUser: config.maxSessionsPerUser,
  })
  const accounts = createAccounts({
    database,
    transact,
    clock,
    audit,
    log,
    bcryptCost: config.bcryptCost,
    hashDeadline: config.hashDeadline,
    hashedAt,
    publicUrl: config.publicUrl,
    breachCheck: config.passwordBreachCheck,
    openSession: sessions.openSession,
    revokeSessions: sessions.revokeAll,
    guards: sessions.guards,
    loginGuard: throttle.loginGuard,
    lockOut: config.rateLimit,
    limits: throttle.limits,
    tokenAnswer: { schema: TokenAnswer, of: tokenAnswer },
  })
  opened.defer(accounts.close)
  const { acceptHash } = accounts
  const transfer = createTransfer({ database, transact, clock, audit, acceptHash, opensKey: keys.opens })
  if (keeps) await accounts.tryOut()

  const scheduler = createScheduler(log)
  opened.defer(() => scheduler.stop())
  if (keeps || hashedAt) {
    scheduler.every(1, 'tend the keys', async () => {
      await time.look()
      await keys.tend()
    })
  }
  if (keeps) {
    const subject = `${version} ${summarizeConfig(config, auditLog.keyId)}`
    await audit.note({ kind: 'started', at: clock(), userId: null, sessionId: null, caller: null, subject })
    started = true
    scheduler.every(1, 'seal the audit log', () => auditLog.seal())
    scheduler.every(hour, 'prune the audit log', auditLog.prune)
    scheduler.every(hour, 'reseal the keys', keys.reseal)
    scheduler.every(hour, 'purge sessions', sessions.purge)
    if (limiting) scheduler.every(minute, 'purge limits', limiting.purge)
  }

  const running = opened.move()
  const close = () => running.disposeAsync()
  return { database, keys, accounts, sessions, auditLog, transfer, where: store.where, close }
}

/** The other half: the server, and the routes of all features. */
export async function compose(config: Config, surroundings: Surroundings) {
  await using opened = new AsyncDisposableStack()
  const features = await composeFeatures(config, surroundings)
  opened.defer(features.close)
  const { database, accounts, sessions, keys } = features

  const [{ log }, { publicUrl, corsOrigins, trustedProxies }] = [surroundings, config]
  const serverOptions = { log, publicUrl, corsOrigins, trustedProxies, translate: databaseRefusal }
  const app = await createServer(serverOptions)
  opened.defer(() => app.close())
  const addresses = recordAddresses(app)
  const described = recordRoutes(app)
  accounts.routes(app)
  sessions.routes(app)
  keys.routes(app)
  let leaving = false
  healthRoutes(app, { ping: async () => void (await sql`SELECT 1`.execute(database)), leaving: () => leaving })
  serveProblemsPage(app)
  const { document } = serveDocs(app, described, version, serverOptions)
  refuseOtherMethods(app, addresses)
  await app.ready()

  const running = opened.move()
  return {
    ...features,
    app,
    document,
    /** From now on readiness is denied; everything else is served as before, until `close`. */
    leave(): void {
      leaving = true
    },
    close: () => running.disposeAsync(),
  }
}
