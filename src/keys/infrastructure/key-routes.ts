import { hash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { refusals } from '../../platform/http/problem.ts'
import type { Server } from '../../platform/http/server.ts'
import type { JsonWebKeySet } from '../application/publish-keys.ts'

interface Deps {
  readonly publishKeys: () => { set: JsonWebKeySet; maxAge: number }
  readonly publicUrl: string
}

// The members are named one by one: what is not named is not answered, and a private `d` never will be.
const Jwk = Type.Object({
  kty: Type.String(),
  crv: Type.Optional(Type.String()),
  x: Type.Optional(Type.String()),
  y: Type.Optional(Type.String()),
  n: Type.Optional(Type.String()),
  e: Type.Optional(Type.String()),
  kid: Type.String(),
  use: Type.Literal('sig'),
  alg: Type.String(),
})

const Jwks = Type.Object(
  { keys: Type.Array(Jwk) },
  {
    description: 'The key set (RFC 7517). A verifier may keep it as long as `Cache-Control` says.',
    examples: [
      {
        keys: [
          {
            kty: 'EC',
            crv: 'P-256',
            x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
            y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
            kid: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
            use: 'sig',
            alg: 'ES256',
          },
        ],
      },
    ],
  },
)

const Metadata = Type.Object(
  {
    issuer: Type.String({ format: 'uri' }),
    jwks_uri: Type.String({ format: 'uri' }),
    response_types_supported: Type.Array(Type.String()),
    grant_types_supported: Type.Array(Type.String()),
    token_endpoint_auth_methods_supported: Type.Array(Type.String()),
    access_token_signing_alg_values_supported: Type.Array(Type.String()),
  },
  {
    description: 'The metadata (RFC 8414).',
    examples: [
      {
        issuer: 'http://localhost:1602',
        jwks_uri: 'http://localhost:1602/.well-known/jwks.json',
        response_types_supported: [],
        grant_types_supported: [],
        token_endpoint_auth_methods_supported: ['none'],
        access_token_signing_alg_values_supported: ['ES256'],
      },
    ],
  },
)

const jwksPath = '/.well-known/jwks.json'
/** What others need to verify access tokens: the key set (RFC 7517) and the server's metadata (RFC 8414). */
export function keyRoutes(app: Server, { publishKeys, publicUrl }: Deps): void {
  app.get(
    jwksPath,
    {
      config: { access: 'public' },
      schema: {
        tags: ['Keys'],
        summary: 'The public keys that verify access tokens',
        operationId: 'jwks',
        response: { 200: Jwks, 304: Type.Null({ description: 'Unchanged since that ETag.' }), ...refusals() },
      },
    },
    async (request, reply) => {
      const { set, maxAge } = publishKeys()
      const etag = `"${hash('sha256', JSON.stringify(set), 'base64url')}"`
      reply.headers({ 'cache-control': `public, max-age=${maxAge}`, etag, 'content-type': 'application/json' })
      if (isKnown(request.headers['if-none-match'], etag)) return reply.status(304).send(null)
      return { keys: set.keys as Static<typeof Jwk>[] }
    },
  )

  app.get(
    '/.well-known/oauth-authorization-server',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Keys'],
        summary: 'Metadata of the authorization server',
        operationId: 'metadata',
        response: { 200: Metadata, ...refusals() },
      },
    },
    async (_request, reply) => {
      const { set, maxAge } = publishKeys()
      reply.header('cache-control', `public, max-age=${maxAge}`)
      return {
        issuer: publicUrl,
        jwks_uri: `${publicUrl}${jwksPath}`,
        // The list must be there (RFC 8414, section 2), and holds nothing while there is no authorization endpoint.
        response_types_supported: [],
        grant_types_supported: [],
        token_endpoint_auth_methods_supported: ['none'],
        access_token_signing_alg_values_supported: [...new Set(set.keys.map((key) => key.alg ?? ''))],
      }
    },
  )
}

/** If-None-Match compares weakly (RFC 9110, section 13.1.2): a proxy may have weakened the tag on its way. */
function isKnown(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}
