// app/whoami/route.ts: a route handler of the App Router, from Request to Response, as many other frameworks have them.
import { type AccessTokenClaims, bearerToken, createVerifier, TokenRefused } from 'latchkey/verify'

const { verify } = createVerifier({
  issuer: process.env.ISSUER ?? 'http://localhost:1602',
  jwksUri: process.env.JWKS_URI,
})

type Handler = (request: Request, claims: AccessTokenClaims) => Response | Promise<Response>

const withToken = (handle: Handler) => async (request: Request) => {
  try {
    return await handle(request, await verify(bearerToken(request.headers.get('authorization'))))
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error
    return new Response(null, { status: error.status, headers: error.headers })
  }
}

export const GET = withToken((_request, { sub }) => Response.json({ sub }))
