import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { Refusal } from '../../kernel/refusal.ts'

/** What a limit says of one call; times are whole seconds. */
export type LimitVerdict =
  | { readonly enough: true; readonly standing: { readonly remaining: number; readonly resetAfter: number } }
  | { readonly enough: false; readonly retryAfter: number }

/** A limit on the calls of a route. */
export interface RouteLimit {
  readonly name: string
  /** So many calls in so many seconds. */
  readonly quota: number
  readonly window: number
  /** Limits may be switched off as a whole while the service runs: nobody is then asked nor told of them. */
  isOn(): boolean
  take(request: FastifyRequest): Promise<LimitVerdict>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked in this order, once it is known that the caller may call and what was sent is well-formed. */
    limits?: readonly RouteLimit[]
  }
}

/**
 * Limits the calls of every route that says so, and tells the caller where they stand, in the fields of
 * draft-ietf-httpapi-ratelimit-headers-11: the policies, and of each one that was asked what is left.
 */
export function limitRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { limits = [] } = route.config ?? {}
    if (limits.length === 0) return
    const ask: preHandlerHookHandler = (request, reply, done) => {
      if (limits[0]?.isOn()) askAll(limits, request, reply).then(() => done(), done)
      else done()
    }
    route.preHandler = [ask, ...[route.preHandler ?? []].flat()]
  })
}

async function askAll(limits: readonly RouteLimit[], request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const policies = limits.map(({ name, quota, window }) => `"${name}";q=${quota};w=${window}`)
  reply.header('ratelimit-policy', policies.join(', '))
  for (const limit of limits) await ask(limit, request, reply)
}

async function ask(limit: RouteLimit, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const verdict = await limit.take(request)
  const [left, seconds] = verdict.enough
    ? [verdict.standing.remaining, verdict.standing.resetAfter]
    : [0, verdict.retryAfter]
  const before = reply.getHeader('ratelimit')
  const item = `"${limit.name}";r=${left};t=${seconds}`
  reply.header('ratelimit', before === undefined ? item : `${before}, ${item}`)
  if (!verdict.enough) {
    throw new Refusal('too_many_requests', { because: limit.name, retryAfter: verdict.retryAfter })
  }
}
