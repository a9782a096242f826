import { createHash } from 'node:crypto'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { pageHeaders } from './plain-headers.ts'
import { faces, problemsPath } from './problem.ts'

/** The names of the two kinds of bearer token in the OpenAPI document and in Swagger UI. */
export const schemes = { access: 'Access-token', refresh: 'Refresh-token' } as const

const documentPath = '/api/openapi.json'
const docsPath = '/api/docs'

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

/** Collects the schemas of all routes that are registered from here on. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
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
    reply.type('text/html; charset=utf-8').headers({
      ...pageHeaders,
      'cache-control': 'public, max-age=60',
      'content-security-policy': problemsPolicy,
    })
    return problemsPage
  })

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
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#2b6cb0" stroke-width="2">' +
  '<circle cx="5" cy="8" r="3"/><path d="M8 8h7v4M12 8v3"/></svg>'

const problemsStyle = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
dt { margin-top: 1.5rem; font-weight: 600; scroll-margin-top: 1.5rem }
dd { margin: 0 }
dt:target, dt:target + dd { padding-left: 0.75rem; border-left: 4px solid #2b6cb0 }
code { font-size: 0.95em }
`

const problemsPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(problemsStyle).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const problemsPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Latchkey: refusals</title><style>${problemsStyle}</style>
<h1>Refusals</h1>
<p>Every refusal is a problem (RFC 9457) with one of these codes. A code is never renamed.</p>
<dl>
${Object.entries(faces)
  .map(([code, { status, title, help }]) => {
    const marked = help.replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    return `<dt id="${code}">${status} ${title}: <code>${code}</code><dd>${marked}`
  })
  .join('\n')}
</dl>
</html>
`
