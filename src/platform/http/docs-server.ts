import type { IncomingMessage, ServerResponse } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { RouteOptions } from 'fastify'
import { docsPath, documentPath, schemes } from './openapi.ts'
import { pageHeaders } from './plain-headers.ts'
import { problemsPath } from './problem.ts'
import { createServer, type ServerOptions } from './server.ts'

export interface DocsServer {
  /** The OpenAPI 3.1 document. */
  readonly document: object
  /** Answers a request for an address of Swagger UI, as the service itself would. */
  answer(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

// Swagger UI draws its icons from data URLs; all else comes from this origin alone.
const docsPolicy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'font-src': "'self'",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

const description = `Accounts, sessions, single-use refresh tokens and public keys.

To try it on this page: register, log in, press **Authorize** and paste the \`access_token\`, then get the current user.

Every refusal is a problem (RFC 9457) with a \`code\`: [what each code means](${problemsPath}). The calls as a
document: [openapi.json](${documentPath}).`

// Swagger UI links to the document at an address of its own, beside the one that is documented.
const docsStyle = '.swagger-ui .info hgroup .link { display: none } .swagger-ui .info { margin: 32px 0 16px }'

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description }) as const

const about = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'Latchkey',
    version,
    description,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  // No servers: "Try it out" then calls the very service that the page came from.
  tags: [
    { name: 'Authentication', description: 'Register, log in, refresh, log out.' },
    { name: 'User', description: 'The person that a token speaks for, and their sessions.' },
    { name: 'Keys', description: 'What others need to verify access tokens.' },
    { name: 'Health', description: 'For those who run the service.' },
  ],
  components: {
    securitySchemes: {
      [schemes.access]: bearer(
        'Access token: the `access_token` of a login or a refresh. It lives for `expires_in` seconds.',
      ),
      [schemes.refresh]: bearer('Refresh token: the `refresh_token` of a login or a refresh. It works once.'),
    },
  },
})

/**
 * A server beside the service's own, with the same rules, that never listens: requests are handed to it. It has the
 * plugins that make the document and Swagger UI, which have to be there before the first route.
 */
export async function openDocsServer(
  routes: readonly RouteOptions[],
  version: string,
  options: ServerOptions,
): Promise<DocsServer> {
  const app = await createServer(options)
  // The routes are here to be described. Nobody can call them, and what checks a call would only take memory.
  app.setValidatorCompiler(() => () => true).setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, { openapi: about(version) })
  for (const { method, url, schema = {}, config = {} } of routes) {
    app.route({ method, url, schema, config, handler: async () => undefined })
  }
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    docs.addHook('onRequest', (_request, reply, done) => {
      reply.headers(pageHeaders)
      done()
    })
    await docs.register(swaggerUi, {
      routePrefix: docsPath,
      staticCSP: docsPolicy,
      // The base layout is without the bar that loads other documents, whose logo would need an inline style.
      uiConfig: { layout: 'BaseLayout', persistAuthorization: false, displayRequestDuration: true, validatorUrl: null },
      theme: {
        title: 'Latchkey API',
        css: [{ filename: 'latchkey.css', content: docsStyle }],
        favicon: [{ filename: 'key.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }],
      },
    })
  })
  await app.ready()
  return { document: app.swagger(), answer: app.routing, close: () => app.close() }
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#2b6cb0" stroke-width="2">' +
  '<circle cx="5" cy="8" r="3"/><path d="M8 8h7v4M12 8v3"/></svg>'
