import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { faces, problemsPath } from './problem.ts'

/** The names of the two kinds of bearer token in the OpenAPI document and in Swagger UI. */
export const schemes = { access: 'Access-token', refresh: 'Refresh-token' } as const

const documentPath = '/api/openapi.json'
const docsPath = '/api/docs'

// Swagger UI sets styles on elements and draws its icons from data URLs; all else comes from this origin alone.
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

/** Collects the schemas of all routes that are registered from here on. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        version,
        description: 'Accounts, sessions, single-use refresh tokens and public keys.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Relative, so that "Try it out" calls the very service that the page came from.
      servers: [{ url: '/' }],
      tags: [
        { name: 'Authentication', description: 'Register, log in, refresh, log out.' },
        { name: 'User', description: 'The person that a token speaks for, and their sessions.' },
        { name: 'Keys', description: 'What others need to verify access tokens.' },
        { name: 'Health', description: 'For those who run the service.' },
      ],
      components: {
        securitySchemes: {
          [schemes.access]: bearer('Access token: the `access_token` of a login or a refresh. Lives for a minute.'),
          [schemes.refresh]: bearer('Refresh token: the `refresh_token` of a login or a refresh. Single-use.'),
        },
      },
    },
  })
}

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description }) as const

/** Serves the document, Swagger UI (its assets from here, nothing from elsewhere) and the page on refusals. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  app.get(documentPath, { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=60')
    return app.swagger()
  })

  app.get(problemsPath, { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    reply.type('text/html; charset=utf-8').header('cache-control', 'public, max-age=60')
    return problemsPage
  })

  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    await docs.register(swaggerUi, {
      routePrefix: docsPath,
      staticCSP: docsPolicy,
      uiConfig: { url: documentPath, persistAuthorization: false, displayRequestDuration: true, validatorUrl: null },
      theme: { title: 'Latchkey API' },
    })
  })
}

const problemsPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Latchkey: refusals</title>
<h1>Refusals</h1>
<p>Every refusal is a problem (RFC 9457) with one of these codes. A code is never renamed.</p>
<dl>
${Object.entries(faces)
  .map(([code, { status, title, help }]) => `<dt id="${code}"><code>${code}</code> (${status}): ${title}<dd>${help}`)
  .join('\n')}
</dl>
</html>
`
