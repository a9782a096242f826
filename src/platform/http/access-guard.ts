import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import { Refusal } from '../../kernel/refusal.ts'
import { headerValues } from './header-values.ts'

/** Decides who may call a route, and gives the route what it learnt of the caller. */
export interface Guard<T> {
  /** Any one of these security schemes of the OpenAPI document is enough. */
  readonly schemes: readonly string[]
  check(request: FastifyRequest): Promise<void>
  /** What the check learnt. */
  of(request: FastifyRequest): T
}

/** Said at every route. */
export type Access = 'public' | Guard<unknown>

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}

/** A guard that wants one bearer token (RFC 6750, section 2.1) and asks `recognize` what it is worth. */
export function bearerGuard<T>(
  schemes: readonly string[],
  recognize: (token: string, request: FastifyRequest) => Promise<T>,
): Guard<T> {
  // On the request itself: an entry of a weak map for each of them is the dearest of all for who collects garbage.
  const learnt = Symbol('learnt')
  type Checked = FastifyRequest & { [learnt]?: T }
  return {
    schemes,
    async check(request) {
      const checked: Checked = request
      checked[learnt] = await recognize(bearerToken(request), request)
    },
    of(request) {
      if (!(learnt in request)) throw new Error('the route is guarded by another guard than the one that it asks')
      return (request as Checked)[learnt] as T
    },
  }
}

/** The token of the one Authorization header. Tokens in the query, the body or a cookie are never looked at. */
function bearerToken(request: FastifyRequest): string {
  const [header, ...more] = headerValues(request.raw, 'authorization')
  if (header === undefined) throw new Refusal('invalid_token', { because: missingToken })
  if (more.length > 0 || !oneBearer.test(header))
    throw new Refusal('invalid_token', { because: 'not one Bearer token' })
  return header.slice('Bearer '.length)
}

const oneBearer = /^Bearer [A-Za-z0-9._~+/=-]+$/i

/** The reason that tells a caller who sent no token from one whose token is bad (RFC 6750, section 3.1). */
export const missingToken = 'no Authorization header'

/**
 * Has every route say who may call it: one that does not say it, or says it too late to be guarded, stops the start. A public
 * one passes no guard.
 */
export function guardRoutes(app: FastifyInstance): void {
  const routes = new Map<RouteOptions, Access | undefined>()
  app.addHook('onRoute', (route) => {
    const access = route.config?.access
    routes.set(route, access)
    if (access === undefined || access === 'public') return
    route.schema = { ...route.schema, security: access.schemes.map((scheme) => ({ [scheme]: [] })) }
    const guard: onRequestHookHandler = (request, _reply, done) => {
      access.check(request).then(() => done(), done)
    }
    route.onRequest = [guard, ...[route.onRequest ?? []].flat()]
  })
  app.addHook('onReady', async () => {
    const open = [...routes].filter(([{ config }, guard]) => {
      const access = config?.access
      return access === undefined || (access !== 'public' && access !== guard)
    })
    if (open.length === 0) return
    const names = open.map(([route]) => `${route.method} ${route.url}`).join(', ')
    throw new Error(`These routes do not say who may call them when they are made: ${names}.`)
  })
}
