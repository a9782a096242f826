import { sql } from 'kysely'
import { createAccounts } from './accounts/index.ts'
import { auditPostgres } from './audit/index.ts'
import type { Config } from './config.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { createKeys } from './keys/index.ts'
import { healthRoutes } from './platform/http/health-routes.ts'
import { describeRoutes, serveDocs } from './platform/http/openapi.ts'
import { recordAddresses, refuseOtherMethods } from './platform/http/other-methods.ts'
import { createServer } from './platform/http/server.ts'
import type { Log } from './platform/log.ts'
import { databaseRefusal } from './platform/postgres/faults.ts'
import { migrate } from './platform/postgres/migrator.ts'
import { openDatabase } from './platform/postgres/open-database.ts'
import { transactPostgres } from './platform/postgres/transact.postgres.ts'
import { deriveKey, secretKeyIn } from './platform/secret-key.ts'
import { createSessions, TokenAnswer, tokenAnswer } from './sessions/index.ts'
import { version } from './version.ts'

export type Service = Awaited<ReturnType<typeof compose>>

/**
 * THE composition root: configuration, adapters, features, server, in the order of their dependence. Nothing listens
 * yet. What was opened is closed by `close`, the last first, and also when a later line throws.
 */
export async function compose(
  config: Config,
  log: Log,
  clock: Clock = systemClock,
  onFatal: (error: Error) => void = (err) => log.fatal({ err }),
) {
  await using opened = new AsyncDisposableStack()

  const { database, ...store } = await openDatabase(config, log, onFatal)
  opened.defer(store.close)
  await migrate(database)
  const transact = transactPostgres(database)
  const secretKey = config.secretKey ?? (await secretKeyIn(config.dataDir))
  const audit = auditPostgres

  const keys = await createKeys({
    database,
    transact,
    clock,
    vaultKey: deriveKey(secretKey, 'vault'),
    publicUrl: config.publicUrl,
    longestTokenLife: config.accessTokenTtl,
  })
  const sessions = createSessions({
    database,
    transact,
    clock,
    signer: keys.signer,
    audit,
    macKey: deriveKey(secretKey, 'refresh-token'),
    issuer: config.publicUrl,
    accessTokenTtl: config.accessTokenTtl,
    limits: { refreshTokenTtl: config.refreshTokenTtl, sessionMaxAge: config.sessionMaxAge },
    policy: { window: config.refreshReuseWindow, onReuse: config.refreshReusePolicy },
  })
  const accounts = createAccounts({
    database,
    transact,
    clock,
    audit,
    log,
    bcryptCost: config.bcryptCost,
    openSession: sessions.openSession,
    guards: sessions.guards,
    tokenAnswer: { schema: TokenAnswer, of: tokenAnswer },
  })
  opened.defer(accounts.close)
  await accounts.warmUp()

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

  const running = opened.move()
  return { app, database, where: store.where, close: () => running.disposeAsync() }
}
