import type { FastifyRequest } from 'fastify'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Secret } from '../kernel/secret.ts'
import { placeOf } from '../platform/http/address.ts'
import type { RouteLimit } from '../platform/http/rate-limits.ts'
import { callerOf } from '../platform/http/server.ts'
import type { Database } from '../platform/postgres/tables.ts'
import { type GuardLogins, guardLogins, type LoginAttempt } from './application/guard-logins.ts'
import { limitCalls } from './application/limit-calls.ts'
import { purgeThrottle } from './application/purge-throttle.ts'
import { type Limit, limits } from './domain/limit.ts'
import { hmacKeys } from './infrastructure/bucket-key.hmac.ts'
import { bucketStorePostgres } from './infrastructure/bucket-store.postgres.ts'
import { placeStorePostgres } from './infrastructure/place-store.postgres.ts'

export type { GuardLogins, LoginAttempt }

/** What a route says in its `config.limits`; nothing where limits are off. */
export type RouteLimits = Readonly<Record<'register' | 'login' | 'refresh' | 'password', RouteLimitOf>>

/** @param account whom the call is for, where the route knows it. */
export type RouteLimitOf = (account?: (request: FastifyRequest) => string) => readonly RouteLimit[]

interface Deps {
  readonly database: Database
  readonly clock: Clock
  readonly audit: Audit
  /** The key, of 32 bytes, under which the tables name people and places. */
  readonly hmacKey: Secret<Buffer>
}

/** At some 100 bytes each: 100 MB, were somebody to call from a million networks at once. */
const atMost = 1_000_000

/** The feature: limits for routes, a guard for logins, and the work that keeps the tables small. */
export function createThrottle({ database, clock, audit, hmacKey }: Deps) {
  const buckets = bucketStorePostgres(database)
  const places = placeStorePostgres(database)
  const keyOf = hmacKeys(hmacKey)
  const take = limitCalls({ buckets, audit, clock })

  const routeLimit = (limit: Limit, subject: (request: FastifyRequest) => string): RouteLimit => ({
    ...limit,
    take: (request) => take([{ limit, key: keyOf(limit.name, subject(request)) }], callerOf(request)),
  })
  const byPlace = (limit: Limit) => routeLimit(limit, (request) => placeOf(request.clientAddress))
  const byAccount = (limit: Limit, account: (request: FastifyRequest) => string) => routeLimit(limit, account)

  const routeLimits: RouteLimits = {
    register: () => [byPlace(limits.register)],
    login: () => [byPlace(limits.login)],
    refresh: (account) => [byPlace(limits.refresh), ...(account ? [byAccount(limits.refreshAccount, account)] : [])],
    password: (account) => (account ? [byAccount(limits.password, account)] : []),
  }
  return {
    limits: routeLimits,
    guardLogins: guardLogins({ take, buckets, places, keyOf, clock, placeOf }),
    purge: purgeThrottle({ buckets, places, clock, atMost }),
  }
}

/** For load tests: nobody is limited, and every place is as good as any. */
export const noThrottle = {
  limits: { register: () => [], login: () => [], refresh: () => [], password: () => [] } satisfies RouteLimits,
  guardLogins: (async () => ({
    isKnownPlace: true,
    succeeded: async () => undefined,
    withdrawn: async () => undefined,
  })) satisfies GuardLogins,
}
