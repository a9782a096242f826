import type { FastifyRequest } from 'fastify'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { UserId } from '../kernel/ids.ts'
import type { Secret } from '../kernel/secret.ts'
import { placeOf } from '../platform/http/address.ts'
import { callerOf } from '../platform/http/caller.ts'
import type { RouteLimit } from '../platform/http/rate-limits.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/postgres/tables.ts'
import { guardLogins, type LoginAttempt, type LoginGuard } from './application/guard-logins.ts'
import { purgeThrottle } from './application/purge-throttle.ts'
import { shareUnits } from './application/share-units.ts'
import { takeUnits } from './application/take-units.ts'
import { type Limit, limits } from './domain/limit.ts'
import { hmacKeys } from './infrastructure/bucket-key.hmac.ts'
import { bucketStorePostgres } from './infrastructure/bucket-store.postgres.ts'
import { placeStorePostgres } from './infrastructure/place-store.postgres.ts'

export type { LoginAttempt, LoginGuard }

/** What a route says in its `config.limits`; nothing where limits are off. */
export interface RouteLimits {
  readonly register: readonly RouteLimit[]
  readonly login: readonly RouteLimit[]
  readonly refresh: LimitsOfAccount
  readonly password: LimitsOfAccount
}

/** @param account whom a call is for. */
type LimitsOfAccount = (account: (request: FastifyRequest) => UserId) => readonly RouteLimit[]

interface Deps {
  readonly database: Database
  readonly clock: Clock
  readonly audit: Audit
  readonly log: Log
  /** The key, of 32 bytes, under which the tables name people and places. */
  readonly hmacKey: Secret<Buffer>
  /** Whether anybody is limited; asked anew at each call. */
  readonly isOn: () => boolean
}

/** At some 100 bytes each: 100 MB, were somebody to call from a million networks at once. */
const atMost = 1_000_000

/** The feature: limits for routes, a guard for logins, and the work that keeps the tables small. */
export function createThrottle({ database, clock, audit, log, hmacKey, isOn }: Deps) {
  const onForgotten = (err: unknown) => log.warn({ err }, 'a place of a person could not be remembered')
  const buckets = bucketStorePostgres(database)
  const places = placeStorePostgres(database)
  const keyOf = hmacKeys(hmacKey)
  const take = takeUnits({ buckets, audit, clock })
  const takeShared = shareUnits({ take, clock })

  const takeOne = (limit: Limit, subject: string, userId: UserId | null, request: FastifyRequest) => {
    const want = { limit, key: keyOf(limit.name, subject), units: 1, userId }
    return limit.share === 1 ? take([want], callerOf(request)) : takeShared(want, callerOf(request))
  }
  const byPlace = (limit: Limit): RouteLimit => ({
    ...limit,
    isOn,
    take: (request) => takeOne(limit, placeOf(request.clientAddress), null, request),
  })
  const byAccount = (limit: Limit, account: (request: FastifyRequest) => UserId): RouteLimit => ({
    ...limit,
    isOn,
    take: (request) => takeOne(limit, String(account(request)), account(request), request),
  })

  const routeLimits: RouteLimits = {
    register: [byPlace(limits.register)],
    login: [byPlace(limits.login)],
    refresh: (account) => [byPlace(limits.refresh), byAccount(limits.refreshAccount, account)],
    password: (account) => [byAccount(limits.password, account)],
  }
  return {
    limits: routeLimits,
    loginGuard: switched(isOn, guardLogins({ take, buckets, places, keyOf, clock, placeOf, onForgotten })),
    purge: purgeThrottle({ buckets, places, clock, atMost }),
  }
}

/**
 * Where it is off nobody is limited, and no failure counts: nobody can tell then who is a stranger. What is known stays:
 * who is disabled, deleted or given a new password meanwhile is forgotten all the same.
 */
const switched = (isOn: () => boolean, guard: LoginGuard): LoginGuard => ({
  ...guard,
  enter: async (...attempt) => (isOn() ? guard.enter(...attempt) : noAttempt),
})

const noAttempt: LoginAttempt = {
  isKnownPlace: null,
  succeeded: async () => undefined,
  withdrawn: async () => undefined,
}
