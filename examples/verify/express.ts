import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { bearerToken, createVerifier, TokenRefused } from 'latchkey/verify'

const { verify } = createVerifier({
  issuer: process.env.ISSUER ?? 'http://localhost:1602',
  jwksUri: process.env.JWKS_URI,
})

const authenticate: RequestHandler = async (request, response, next) => {
  response.locals.claims = await verify(bearerToken(request.headers.authorization))
  next()
}

const refuse: ErrorRequestHandler = (error, _request, response, next) => {
  if (!(error instanceof TokenRefused)) return next(error)
  response.status(error.status).set(error.headers).end()
}

export const app = express()

app.use(authenticate)
app.get('/whoami', (_request, response) => {
  response.json({ sub: response.locals.claims.sub })
})
app.use(refuse)
