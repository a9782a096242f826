import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Caller } from '../../kernel/caller.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Log } from '../log.ts'
import { guardRoutes, missingToken } from './access-guard.ts'
import { canonicalAddress } from './address.ts'
import { acceptJsonBodies } from './json-body.ts'
import { faces, problemOf, refusalOf } from './problem.ts'
import { requestIdOf } from './request-id.ts'
import { fieldErrors } from './validation.ts'

export interface ServerOptions {
  readonly log: Log
  readonly publicUrl: string
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Knows the errors of the technology below: answers a refusal for those that are no bugs. */
  readonly translate: (error: unknown) => Refusal | null
}

export type Server = Awaited<ReturnType<typeof createServer>>

const seconds = 1_000

/** What an answer bears that holds nothing for a browser to run, frame or guess. */
const plainHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** An HTTP server with Fastify's defaults hardened, on which the features put their routes. */
export async function createServer(options: ServerOptions) {
  const { log, publicUrl, corsOrigins, trustedProxies, translate } = options
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: 16 * 1024,
    requestTimeout: 15 * seconds,
    keepAliveTimeout: 10 * seconds,
    http: {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10 * seconds,
      connectionsCheckingInterval: 2 * seconds,
      // Node would answer without a body, and takes two: `checkHost` refuses both.
      requireHostHeader: false,
    },
    return503OnClosing: false,
    // A client's coercion or an unknown field would make two readings of one request.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true } },
    // These come before any hook, so what hooks set elsewhere is set here.
    frameworkErrors: (error, request, reply) =>
      refuse(error, request, reply.headers({ ...plainHeaders, 'x-request-id': request.id })),
    clientErrorHandler: (error, socket) => refuseOnSocket(error, socket, options),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.server.on('connect', (_request, socket: Socket) => {
    refuseOnSocket(Object.assign(new Error('this is no proxy'), { code: 'CONNECT' }), socket, options)
  })

  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const refusal = refusalOf(error, translate)
    const problem = problemOf(refusal, request.id, publicUrl)
    logRefusal(request, refusal, problem.status)
    if (problem.status === 401) reply.header('www-authenticate', challenge(refusal))
    const retryAfter = refusal.retryAfter ?? (problem.status === 503 ? 1 : undefined)
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    return reply
      .status(problem.status)
      .headers({ 'cache-control': 'no-store', 'content-type': 'application/problem+json' })
      .send(JSON.stringify(problem))
  }

  app.setErrorHandler(refuse)
  app.setNotFoundHandler((request, reply) => refuse(new Refusal('not_found'), request, reply))
  app.setSchemaErrorFormatter((errors) => new Refusal('validation_failed', { errors: fieldErrors(errors) }))

  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: publicUrl.startsWith('https:') && { maxAge: 31_536_000 },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  })
  if (corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'traceparent'],
      exposedHeaders: ['Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
      maxAge: 600,
      strictPreflight: false,
    })
  }
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // The careful default, since most answers bear a token or a person's data; what is public says so itself.
    reply.header('cache-control', 'no-store')
    checkHost(request)
  })
  guardRoutes(app)
  acceptJsonBodies(app)
  return app
}

/** Whence a request comes. Behind trusted proxies the address is the right-most that is none of them. */
export const callerOf = (request: FastifyRequest): Caller => ({
  ip: canonicalAddress(request.ip),
  userAgent: request.headers['user-agent'] ?? null,
  requestId: request.id,
})

/** What 401 says of how to authenticate (RFC 6750, section 3): no error for who has sent no token at all. */
function challenge(refusal: Refusal): string {
  const silent = refusal.code === 'invalid_credentials' || refusal.because === missingToken
  return silent ? 'Bearer' : `Bearer error="invalid_token", error_description="${faces[refusal.code].title}"`
}

/** One line for each refusal, with its exact reason. What succeeds is counted, not written down. */
function logRefusal(request: FastifyRequest, refusal: Refusal, status: number): void {
  const line = {
    method: request.method,
    route: request.routeOptions?.url,
    status,
    code: refusal.code,
    because: refusal.because,
    ip: request.ip,
  }
  if (status >= 500) request.log.error({ ...line, err: refusal.cause }, 'request failed')
  else request.log.info(line, 'request refused')
}

/** One Host header, which only HTTP/1.0 may leave out (RFC 9112, section 3.2): two would make two readings. */
function checkHost({ raw }: FastifyRequest): void {
  const count = raw.headersDistinct.host?.length ?? 0
  if (count > 1 || (count === 0 && raw.httpVersion !== '1.0')) {
    throw new Refusal('malformed_request', { because: `${count} Host headers` })
  }
}

/** Answers what the HTTP parser refuses before there is a request (RFC 9112), and closes the connection. */
function refuseOnSocket(
  error: Error & { code?: string },
  socket: Socket,
  { log, publicUrl }: Pick<ServerOptions, 'log' | 'publicUrl'>,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers_too_large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : 'malformed_request'
  const problem = problemOf(new Refusal(code), requestIdOf({ headers: {} }), publicUrl)
  const { status, request_id } = problem
  log.info({ request_id, status, code, because: error.code, ip: socket.remoteAddress }, 'request refused')
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n` +
      `X-Request-Id: ${problem.request_id}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
