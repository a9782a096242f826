import type { FastifyInstance, RouteOptions } from 'fastify'
import type { DocsServer } from './docs-server.ts'
import { docsPath, documentPath } from './openapi.ts'
import type { ServerOptions } from './server.ts'

/** Remembers the routes that are registered from here on and belong into the document. */
export function recordRoutes(app: FastifyInstance): readonly RouteOptions[] {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    // Each GET brings its HEAD along, wherever it is registered.
    if (route.method !== 'HEAD' && !route.schema?.hide) routes.push(route)
  })
  return routes
}

/** The addresses below `docsPath` that Swagger UI has. */
const addresses = ['', '/', '/json', '/yaml', '/static/*']

/**
 * Serves the OpenAPI document of `routes`, and Swagger UI (its assets from here, nothing from elsewhere). What makes
 * them is loaded when somebody asks for the first time: most processes never do.
 */
export function serveDocs(
  app: FastifyInstance,
  routes: readonly RouteOptions[],
  version: string,
  options: ServerOptions,
) {
  let opened: Promise<DocsServer> | undefined
  const open = () => {
    opened ??= load().catch((error) => {
      opened = undefined
      throw error
    })
    return opened
  }
  async function load() {
    const { openDocsServer } = await import('./docs-server.ts')
    return openDocsServer(routes, version, options)
  }
  const hidden = { config: { access: 'public' }, schema: { hide: true } } as const

  app.get(documentPath, hidden, async (_request, reply) => {
    const { document } = await open()
    reply.header('cache-control', 'public, max-age=60')
    return document
  })
  for (const address of addresses) {
    app.get(docsPath + address, hidden, async (request, reply) => {
      const { answer } = await open()
      reply.hijack()
      answer(request.raw, reply.raw)
    })
  }
  app.addHook('onClose', async () => (await opened)?.close())
  return { document: async () => (await open()).document }
}
