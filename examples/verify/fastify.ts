import Fastify from 'fastify'
import { type AccessTokenClaims, bearerToken, createVerifier, TokenRefused } from 'latchkey/verify'

const { verify } = createVerifier({
  issuer: process.env.ISSUER ?? 'http://localhost:1602',
  jwksUri: process.env.JWKS_URI,
})

export const app = Fastify()

app.decorateRequest('claims')
app.addHook('onRequest', async (request) => {
  request.setDecorator('claims', await verify(bearerToken(request.headers.authorization)))
})

app.setErrorHandler((error, request, reply) => {
  if (!(error instanceof TokenRefused)) throw error
  request.log.info({ code: error.code }, 'token refused')
  return reply.code(error.status).headers(error.headers).send()
})

app.get('/whoami', async (request) => {
  const { sub } = request.getDecorator<AccessTokenClaims>('claims')
  return { sub }
})
