import { Hono } from 'hono'
import { type AccessTokenClaims, bearerToken, createVerifier, TokenRefused } from 'latchkey/verify'

const { verify } = createVerifier({
  issuer: process.env.ISSUER ?? 'http://localhost:1602',
  jwksUri: process.env.JWKS_URI,
})

export const app = new Hono<{ Variables: { claims: AccessTokenClaims } }>()

app.use(async (context, next) => {
  context.set('claims', await verify(bearerToken(context.req.header('authorization'))))
  await next()
})

app.onError((error, context) => {
  if (!(error instanceof TokenRefused)) throw error
  return context.body(null, error.status, error.headers)
})

app.get('/whoami', (context) => context.json({ sub: context.var.claims.sub }))
