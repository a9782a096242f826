import { createAccounts, type HashingLine } from './accounts/index.ts'
import { createAudit } from './audit/index.ts'
import type { Config } from './config.ts'
import type { Adjustable } from './config-reload.ts'
import { summarizeConfig } from './config-summary.ts'
import type { Clock } from './kernel/clock.ts'
import { createKeys } from './keys/index.ts'
import type { Log } from './platform/log.ts'
import { databaseClock } from './platform/postgres/database-clock.ts'
import { type OpensDatabase, openDatabase } from './platform/postgres/open-database.ts'
import { transactPostgres } from './platform/postgres/transact.postgres.ts'
import { createScheduler } from './platform/scheduler.ts'
import { deriveKey, secretKeyIn } from './platform/secret-key.ts'
import type { Watch } from './platform/watch.ts'
import { within } from './platform/within.ts'
import { createSessions, TokenAnswer, tokenAnswer } from './sessions/index.ts'
import { createThrottle } from './throttle/index.ts'
import { createTransfer } from './transfer/index.ts'
import { version } from './version.ts'

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
  /** Told of what happens here. */
  readonly watch?: Watch
}

const minute = 60
const hour = 3600
/** In milliseconds: who asks how things stand asks most of all when the database is slow, and waits ten seconds. */
const lookPatience = 2_000

/**
 * The first half of the composition root: configuration, adapters, features, in the order of their dependence. It is all
 * for who answers no requests: a command, and a process that has workers to do so. What was opened is closed by `close`,
 * the last first, and also when a later line throws.
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
    watch,
  }: Surroundings,
) {
  await using opened = new AsyncDisposableStack()

  const { database, ...store } = await open(
    { ...config, migrates: !hashedAt, onStatement: watch?.statement },
    log,
    onFatal,
  )
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
  let { rateLimit, maxSessionsPerUser }: Omit<Adjustable, 'logLevel'> = config
  const isLimited = () => rateLimit
  const throttle = createThrottle({ database, clock, audit, log, hmacKey: derived('throttle'), isOn: isLimited })
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
    onRefresh: watch?.refreshed,
    maxSessionsPerUser: () => maxSessionsPerUser,
    patienceMs: store.patienceMs,
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
    onHash: watch?.hashed,
    publicUrl: config.publicUrl,
    breachCheck: config.passwordBreachCheck,
    openSession: sessions.openSession,
    revokeSessions: sessions.revokeAll,
    guards: sessions.guards,
    loginGuard: throttle.loginGuard,
    lockOut: isLimited,
    limits: throttle.limits,
    tokenAnswer: { schema: TokenAnswer, of: tokenAnswer },
  })
  opened.defer(accounts.close)
  const { acceptHash } = accounts
  const transfer = createTransfer({ database, transact, clock, audit, acceptHash, opensKey: keys.opens })
  if (keeps) await accounts.tryOut()
  watch?.look(async () => ({
    pool: store.pool(),
    // What a service has once, the process that keeps it tells of.
    ...(keeps && {
      hashing: accounts.hashing(),
      keys: keys.ages(),
      audit: await within(lookPatience, auditLog.lag()).catch((err) => {
        log.debug({ err }, 'the state of the audit log can not be read')
        return null
      }),
    }),
  }))

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
    scheduler.every(minute, 'purge limits', throttle.purge)
  }

  /** Has new values come into force. What has changed is on record where this process keeps the record. */
  function adjust(values: Adjustable, what: string | null): void {
    ;({ rateLimit, maxSessionsPerUser } = values)
    if (what === null) return
    const event = { kind: 'reconfigured', at: clock(), userId: null, sessionId: null, caller: null } as const
    audit.note({ ...event, subject: what }).catch((err) => log.error({ err }, 'a change could not be recorded'))
  }

  const running = opened.move()
  const close = () => running.disposeAsync()
  return { database, keys, accounts, sessions, auditLog, transfer, where: store.where, adjust, close }
}
