import { sql } from 'kysely'
import { composeFeatures, type Surroundings } from './compose-features.ts'
import type { Config } from './config.ts'
import { recordRoutes, serveDocs } from './platform/http/docs.ts'
import { healthRoutes } from './platform/http/health-routes.ts'
import { recordAddresses, refuseOtherMethods } from './platform/http/other-methods.ts'
import { serveProblemsPage } from './platform/http/problems-page.ts'
import { createServer } from './platform/http/server.ts'
import { databaseRefusal } from './platform/postgres/faults.ts'
import { version } from './version.ts'

export { measureHash } from './accounts/index.ts'
export { composeFeatures, type Features } from './compose-features.ts'

export type Service = Awaited<ReturnType<typeof compose>>

/**
 * THE composition root: the features, the server, and their routes on it. Nothing listens yet. What was opened is closed
 * by `close`, the last first, and also when a later line throws.
 */
export async function compose(config: Config, surroundings: Surroundings) {
  await using opened = new AsyncDisposableStack()
  const features = await composeFeatures(config, surroundings)
  opened.defer(features.close)
  const { database, accounts, sessions, keys } = features

  const [{ log, watch }, { publicUrl, corsOrigins, trustedProxies }] = [surroundings, config]
  const serverOptions = { log, publicUrl, corsOrigins, trustedProxies, translate: databaseRefusal }
  const app = await createServer({ ...serverOptions, ...(watch && { watch }) })
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
