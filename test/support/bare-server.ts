import { defaultHttpBounds, type HttpBounds } from '../../src/platform/http/bounds.ts'
import { callerOf } from '../../src/platform/http/caller.ts'
import { healthRoutes } from '../../src/platform/http/health-routes.ts'
import { createServer } from '../../src/platform/http/server.ts'
import { createLog } from '../../src/platform/log.ts'
import { issuer } from './service.ts'

/** The HTTP server alone, with no feature and no database behind it. */
export interface BareServer {
  readonly url: string
  readonly app: Awaited<ReturnType<typeof createServer>>
  /** The lines of the log, parsed. */
  lines(): Record<string, unknown>[]
  /** How many large answers were begun. */
  served(): number
  close(): Promise<void>
}

export interface BareOptions {
  readonly trustedProxies?: readonly string[]
  readonly bounds?: Partial<HttpBounds>
  readonly host?: string
}

/**
 * Serves the health routes and three of its own: `/whence` answers the client's address, `/echo` takes a body,
 * `/large` answers a mebibyte.
 */
export async function startBareServer({
  trustedProxies = [],
  bounds = {},
  host = '127.0.0.1',
}: BareOptions = {}): Promise<BareServer> {
  const lines: string[] = []
  const app = await createServer({
    log: createLog('info', { write: (line) => void lines.push(line) }),
    publicUrl: issuer,
    corsOrigins: [],
    trustedProxies,
    translate: () => null,
    bounds: { ...defaultHttpBounds(), ...bounds },
  })
  const config = { access: 'public' } as const
  healthRoutes(app, { ping: async () => undefined, leaving: () => false })
  app.get('/whence', { config }, async (request) => ({ ip: callerOf(request).ip }))
  app.post('/echo', { config }, async (request) => request.body)
  let served = 0
  app.get('/large', { config }, async () => {
    served++
    return 'x'.repeat(1 << 20)
  })
  return {
    url: await app.listen({ host, port: 0 }),
    app,
    lines: () => lines.map((line) => JSON.parse(line)),
    served: () => served,
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}
