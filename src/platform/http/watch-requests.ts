import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Refusal } from '../../kernel/refusal.ts'
import type { Watch } from '../watch.ts'

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
/** Of what nobody has a route for, anybody could make up more. */
const other = 'other'

/** Refusals whose exact reason is one of a few: the limit that was hit, or the queue that is full. */
const withReason: ReadonlySet<string> = new Set(['too_many_requests', 'overloaded'])

const open = Symbol('the requests of a connection that are not answered yet')

type Watched = Socket & { [open]?: Set<FastifyRequest> }

/**
 * Tells of every request, once: that it is answered, or that its client has gone before. Without a watch there is
 * nothing here that a request would pass.
 */
export function watchRequests(app: FastifyInstance, watch: Watch): void {
  app.addHook('onRequest', (request, _reply, done) => {
    requestsOf(request.raw.socket, watch).add(request)
    watch.begun(request.raw, request.id, done)
  })
  if (watch.traces) app.addHook('preValidation', (request, _reply, done) => watch.resumed(request.raw, done))
  app.addHook('onResponse', (request, reply, done) => {
    if (requestsOf(request.raw.socket, watch).delete(request)) {
      watch.answered(request.raw, { ...at(request), status: reply.statusCode, seconds: reply.elapsedTime / 1000 })
    }
    done()
  })
}

/** One listener for all requests of a connection: an answer that waits for those before it is never told of its end. */
function requestsOf(socket: Watched, watch: Watch): Set<FastifyRequest> {
  if (socket[open]) return socket[open]
  const requests = new Set<FastifyRequest>()
  socket[open] = requests
  socket.once('close', () => {
    for (const request of requests) watch.hungUp(request.raw, at(request))
    requests.clear()
  })
  return requests
}

/** Of a connection that was answered itself: who is told of that is not told of its requests as well. */
export const forgetRequests = (socket: Watched): void => socket[open]?.clear()

/** Tells of a refusal that a request with a context has met. */
export function watchRefusal(watch: Watch, request: FastifyRequest, refusal: Refusal): void {
  const because = withReason.has(refusal.code) ? refusal.because : undefined
  watch.refused(request.raw, routeOf(request), refusal.code, because)
}

function at(request: FastifyRequest) {
  return { method: methods.has(request.method) ? request.method : other, route: routeOf(request) }
}

const routeOf = (request: FastifyRequest): string => request.routeOptions?.url ?? 'none'
