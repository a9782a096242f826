import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Refusal } from '../../kernel/refusal.ts'
import type { Watch } from '../watch.ts'

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
/** Of what nobody has a route for, anybody could make up more. */
const other = 'other'

/** Refusals whose exact reason is one of a few: the limit that was hit, or the queue that is full. */
const withReason: ReadonlySet<string> = new Set(['too_many_requests', 'overloaded'])

/** Tells of every request that is answered. Without a watch there is nothing here that a request would pass. */
export function watchRequests(app: FastifyInstance, watch: Watch): void {
  app.addHook('onRequest', (request, _reply, done) => watch.begun(request.raw, request.id, done))
  app.addHook('onResponse', (request, reply, done) => {
    const method = methods.has(request.method) ? request.method : other
    const answer = { method, route: routeOf(request), status: reply.statusCode, seconds: reply.elapsedTime / 1000 }
    watch.answered(request.raw, answer)
    done()
  })
}

/** Tells of a refusal that a request with a context has met. */
export function watchRefusal(watch: Watch, request: FastifyRequest, refusal: Refusal): void {
  const because = withReason.has(refusal.code) ? refusal.because : undefined
  watch.refused(request.raw, routeOf(request), refusal.code, because)
}

export const routeOf = (request: FastifyRequest): string => request.routeOptions?.url ?? 'none'
