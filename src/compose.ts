import { sql } from 'kysely'
import { createAccounts } from './accounts/index.ts'
import { createAudit } from './audit/index.ts'
import type { Config } from './config.ts'
import { summarizeConfig } from './config-summary.ts'
import type { Clock } from './kernel/clock.ts'
import { createKeys } from './keys/index.ts'
import { healthRoutes } from './platform/http/health-routes.ts'
import { describeRoutes, serveDocs } from './platform/http/openapi.ts'
import { recordAddresses, refuseOtherMethods } from './platform/http/other-methods.ts'
import { createServer } from './platform/http/server.ts'
import type { Log } from './platform/log.ts'
import { databaseClock } from './platform/postgres/database-clock.ts'
import { databaseRefusal } from './platform/postgres/faults.ts'
import { openDatabase } from './platform/postgres/open-database.ts'
import { transactPostgres } from './platform/postgres/transact.postgres.ts'
import { createScheduler } from './platform/scheduler.ts'
import { deriveKey, secretKeyIn } from './platform/secret-key.ts'
import { createSessions, TokenAnswer, tokenAnswer } from './sessions/index.ts'
import { createThrottle, noThrottle } from './throttle/index.ts'
import { createTransfer } from './transfer/index.ts'
import { version } from './version.ts'

export type Service = Awaited<ReturnType<typeof compose>>

export interface Surroundings {
  readonly log: Log
  /** The database's own clock where none is given. */
  readonly clock?: Clock
  /** Told when the database has stopped for good and only a new process can open it again. */
  readonly onFatal?: (error: Error) => void
  /** Whether this process serves, and so keeps the data in order in the background; a command's does not. */
  readonly serves?: boolean
}

const minute = 60
const hour = 3600

/**
 * THE composition root: configuration, adapters, features, server, in the order of their dependence. Nothing listens
 * yet. What was opened is closed by `close`, the last first, and also when a later line throws.
 */
export async function compose(
  config: Config,
  { log, clock: given, onFatal = () => undefined, serves = true }: Surroundings,
) {
  await using opened = new AsyncDisposableStack()

  const { database, ...store } = await openDatabase(config, log, onFatal)
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
  opened.defer(() => (started ? auditLog.close() : undefined))

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
    keeps: serves,
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
  const transfer = createTransfer({
    database,
    transact,
    clock,
    audit,
    acceptHash: accounts.acceptHash,
    opensKey: keys.opens,
  })
  if (serves) await accounts.warmUp()

  const app = await createServer({
    log,
    publicUrl: config.publicUrl,
    corsOrigins: config.corsOrigins,
    trustedProxies: config.trustedProxies,
    translate: databaseRefusal,
  })
  opened.defer(() => app.close())
  const addresses = recordAddresses(app)
  await describeRoutes(app, version)
  accounts.routes(app)
  sessions.routes(app)
  keys.routes(app)
  healthRoutes(app, { ping: async () => void (await sql`SELECT 1`.execute(database)) })
  await serveDocs(app)
  refuseOtherMethods(app, addresses)
  await app.ready()

  const scheduler = createScheduler(log)
  opened.defer(() => scheduler.stop())
  if (serves) {
    scheduler.every(1, 'tend the keys', async () => {
      await time.look()
      await keys.tend()
    })
    const subject = `${version} ${summarizeConfig(config, auditLog.keyId)}`
    await audit.note({ kind: 'started', at: clock(), userId: null, sessionId: null, caller: null, subject })
    started = true
    scheduler.every(1, 'seal the audit log', auditLog.seal)
    scheduler.every(hour, 'prune the audit log', auditLog.prune)
    scheduler.every(hour, 'reseal the keys', keys.reseal)
    scheduler.every(hour, 'purge sessions', sessions.purge)
    if (limiting) scheduler.every(minute, 'purge limits', limiting.purge)
  }

  const running = opened.move()
  return {
    app,
    database,
    keys,
    accounts,
    sessions,
    auditLog,
    transfer,
    where: store.where,
    close: () => running.disposeAsync(),
  }
}
