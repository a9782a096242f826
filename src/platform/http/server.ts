import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { Refusal } from '../../kernel/refusal.ts'
import type { Log } from '../log.ts'
import type { Watch } from '../watch.ts'
import { guardRoutes, missingToken } from './access-guard.ts'
import { boundConnections, defaultHttpBounds, type HttpBounds, pipelineBound } from './bounds.ts'
import { clientAddress, forwardingNotice, networks } from './client-address.ts'
import { isHangUp } from './hang-up.ts'
import { headerValues } from './header-values.ts'
import { acceptJsonBodies } from './json-body.ts'
import { plainHeaders } from './plain-headers.ts'
import { faces, problemOf, refusalOf } from './problem.ts'
import { limitRoutes } from './rate-limits.ts'
import { refuseOnSocket } from './refuse-on-socket.ts'
import { requestIdOf } from './request-id.ts'
import { requestLogs } from './request-log.ts'
import { fieldErrors } from './validation.ts'
import { watchRefusal, watchRequests } from './watch-requests.ts'

export interface ServerOptions {
  readonly log: Log
  readonly publicUrl: string
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Knows the errors of the technology below: answers a refusal for those that are no bugs. */
  readonly translate: (error: unknown) => Refusal | null
  readonly bounds?: HttpBounds
  /** Told of every request. */
  readonly watch?: Watch
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The canonical address of the client, behind whatever proxies are trusted; `ip` is that of the connection. */
    readonly clientAddress: string | null
  }
}

export type Server = Awaited<ReturnType<typeof createServer>>

/** An HTTP server with Fastify's defaults hardened, on which the features put their routes. */
export async function createServer(options: ServerOptions) {
  const { log, publicUrl, corsOrigins, trustedProxies, translate, watch, bounds = defaultHttpBounds() } = options
  const isProxy = networks(trustedProxies)
  const notice = forwardingNotice(log, isProxy)
  const boundPipeline = pipelineBound(bounds.pipelined)
  // Not to be kept is the careful default, since most answers bear a token or a person's data; what is public says so
  // itself.
  const usual = { ...plainHeaders(publicUrl), 'cache-control': 'no-store' }
  const whence = ({ socket, headers }: IncomingMessage) =>
    clientAddress(socket.remoteAddress, headers['x-forwarded-for'] as string | undefined, isProxy)
  const app = Fastify({
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: (message: IncomingMessage) => {
      // Here, since the framework refuses some requests before any hook.
      notice(message)
      return requestIdOf(message)
    },
    requestIdHeader: false,
    // All that is logged here is of a request, and `app.log` goes nowhere. Were the log given to the framework itself, it would
    // listen for the end of every answer, to log it.
    childLoggerFactory: requestLogs(log, watch?.traces ?? false),
    bodyLimit: bounds.body,
    requestTimeout: bounds.requestTimeout,
    keepAliveTimeout: bounds.keepAlive,
    connectionTimeout: bounds.silence,
    http: {
      maxHeaderSize: bounds.headers,
      headersTimeout: bounds.headersTimeout,
      connectionsCheckingInterval: bounds.checkEvery,
      // Node would answer without a body, and takes two: `checkHost` refuses both.
      requireHostHeader: false,
    },
    return503OnClosing: false,
    // A client's coercion or an unknown field would make two readings of one request.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true } },
    // These come before any hook, so what hooks set elsewhere is set here.
    frameworkErrors: (error, request, reply) => {
      watch?.unread(faces[refusalOf(error, translate).code].status)
      return refuse(error, request, reply.headers({ ...usual, 'x-request-id': request.id }))
    },
    clientErrorHandler: (error, socket) => refuseOnSocket(error, socket, options),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.decorateRequest('clientAddress', {
    getter() {
      return whence(this.raw)
    },
  })
  boundConnections(app.server, bounds.connections, log)
  app.server.on('connect', (_request, socket: Socket) => {
    refuseOnSocket(Object.assign(new Error('this is no proxy'), { code: 'CONNECT' }), socket, options)
  })

  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    if (isHangUp(error, request)) {
      const line = { method: request.method, route: request.routeOptions?.url, ip: whence(request.raw) }
      request.log.info(line, 'the client has gone before it was answered')
      return reply.hijack()
    }
    const refusal = refusalOf(error, translate)
    const problem = problemOf(refusal, request.id, publicUrl)
    logRefusal(request, refusal, problem.status, whence(request.raw))
    if (watch) watchRefusal(watch, request, refusal)
    if (problem.status === 401) reply.header('www-authenticate', challenge(refusal))
    const retryAfter = refusal.retryAfter ?? (problem.status === 503 ? 1 : undefined)
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    return reply
      .status(problem.status)
      .headers({ 'cache-control': 'no-store', 'content-type': 'application/problem+json' })
      .send(JSON.stringify(problem))
  }

  /** An answer that is given twice would, with nobody to hear of it, end the process. */
  const faulty = (err: Error) => void log.error({ err }, 'an answer failed after it was given')

  app.setErrorHandler(refuse)
  app.setNotFoundHandler((request, reply) => refuse(new Refusal('not_found'), request, reply))
  app.setSchemaErrorFormatter((errors) => new Refusal('validation_failed', { errors: fieldErrors(errors) }))

  if (watch) watchRequests(app, watch)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(usual)
    reply.header('x-request-id', request.id)
    boundPipeline(request.raw, reply.raw)
    reply.raw.on('error', faulty)
    checkHost(request)
    done()
  })
  if (corsOrigins.length > 0) {
    await app.register(import('@fastify/cors'), {
      origin: [...corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'traceparent'],
      exposedHeaders: ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
      maxAge: 600,
      strictPreflight: false,
    })
  }
  guardRoutes(app)
  limitRoutes(app)
  acceptJsonBodies(app)
  return app
}

/** What 401 says of how to authenticate (RFC 6750, section 3): no error for who has sent no token at all. */
function challenge(refusal: Refusal): string {
  const silent = refusal.code === 'invalid_credentials' || refusal.because === missingToken
  return silent ? 'Bearer' : `Bearer error="invalid_token", error_description="${faces[refusal.code].title}"`
}

/** One line for each refusal, with its exact reason. What succeeds is counted, not written down. */
function logRefusal(request: FastifyRequest, refusal: Refusal, status: number, ip: string | null): void {
  const line = {
    method: request.method,
    route: request.routeOptions?.url,
    status,
    code: refusal.code,
    because: refusal.because,
    ip,
  }
  // Overload is an answer, and a flood of it would be one of the log.
  if (status >= 500 && refusal.code !== 'overloaded')
    request.log.error({ ...line, err: refusal.cause }, 'request failed')
  else request.log.info(line, 'request refused')
}

/** One Host header, which only HTTP/1.0 may leave out (RFC 9112, section 3.2): two would make two readings. */
function checkHost({ raw }: FastifyRequest): void {
  const count = headerValues(raw, 'host').length
  if (count > 1 || (count === 0 && raw.httpVersion !== '1.0')) {
    throw new Refusal('malformed_request', { because: `${count} Host headers` })
  }
}
