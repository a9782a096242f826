import type { Audit } from '../audit/index.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Transact } from '../kernel/transact.ts'
import type { Server } from '../platform/http/server.ts'
import { clockSkew } from '../platform/jwt/compact.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/postgres/tables.ts'
import { loadKeys } from './application/load-keys.ts'
import { publishKeys } from './application/publish-keys.ts'
import { resealKeys } from './application/reseal-keys.ts'
import { rotateKeys } from './application/rotate-keys.ts'
import { withdrawKey } from './application/withdraw-key.ts'
import { agesOf } from './domain/key-schedule.ts'
import { type Algorithm, phaseOf } from './domain/signing-key.ts'
import { cryptoKeyMaker } from './infrastructure/key-maker.crypto.ts'
import { keyRingMemory } from './infrastructure/key-ring.memory.ts'
import { keyRoutes } from './infrastructure/key-routes.ts'
import { keyStorePostgres } from './infrastructure/key-store.postgres.ts'
import { type TokenSigner, tokenSignerJws } from './infrastructure/token-signer.jws.ts'
import { aesGcmVault } from './infrastructure/vault.aes-gcm.ts'

export type { Algorithm, TokenSigner }

interface Deps {
  readonly database: Database
  readonly transact: Transact
  readonly clock: Clock
  readonly audit: Audit
  /** The key, of 32 bytes, that seals the private halves; and the one that sealed them before, if it changed. */
  readonly vaultKey: Secret<Buffer>
  readonly previousVaultKey: Secret<Buffer> | null
  readonly publicUrl: string
  readonly algorithm: Algorithm
  /** All in seconds: how long a key signs, a JWKS may be kept, and a token lives at most. */
  readonly interval: number
  readonly jwksMaxAge: number
  readonly longestTokenLife: number
  /** Whether this process keeps the keys in order; one that only runs a command leaves that to those that serve. */
  readonly keeps: boolean
  readonly log: Log
}

/** How often, in seconds, a replica looks whether keys have changed: by then a withdrawal has reached all of them. */
const lookInterval = 1

/**
 * How long a key is published before it signs, in seconds: a JWKS's age, the clocks' skew, and five looks, which is what
 * a rotation may take from its decision to its commit, or a replica may miss.
 */
const leadOf = (jwksMaxAge: number): number => jwksMaxAge + 5 * lookInterval + clockSkew

/** The feature: a signer for the others, the work that keeps the keys fresh, and the routes that publish them. */
export async function createKeys(deps: Deps) {
  const { database, transact, clock, audit, publicUrl, algorithm, interval, jwksMaxAge, longestTokenLife } = deps
  const schedule = { interval, jwksMaxAge, lead: leadOf(jwksMaxAge), tail: longestTokenLife + clockSkew }
  const keys = keyStorePostgres(database)
  const vault = aesGcmVault(deps.vaultKey, deps.previousVaultKey)
  const maker = cryptoKeyMaker
  const rotation = { keys, vault, maker, audit, transact, clock, schedule, algorithm }
  const rotate = rotateKeys(rotation)
  const withdraw = withdrawKey(rotation)
  const reseal = resealKeys({ keys, vault })

  // The keys are opened before any is made: under a wrong SECRET_KEY nothing is written.
  const onUnopened = (kid: string) => deps.log.error({ kid }, 'a signing key is sealed under another SECRET_KEY')
  const ring = await keyRingMemory({ load: loadKeys({ keys, vault, maker, onUnopened }), clock })
  if (deps.keeps) {
    await reseal()
    await rotate()
    await ring.reload()
  }

  return {
    signer: tokenSignerJws({ ring, clock, tail: schedule.tail }),
    /** What comes again and again: sees what other processes did, and where this one keeps the keys, what is due. */
    async tend(): Promise<void> {
      await ring.reload()
      if (deps.keeps && (await rotate())) await ring.reload()
    },
    reseal,
    /** Announces the successor of the signing key now, unless that has been done. */
    async rotate(operator: Caller | null = null): Promise<void> {
      await rotate(true, operator)
      await ring.reload()
    },
    async withdraw(kid: string, operator: Caller | null = null): Promise<void> {
      await withdraw(kid, operator)
      await ring.reload()
    },
    /** The keys as they are published, and where in its life each is now. */
    list: () => ring.keys().map((key) => ({ ...key, phase: phaseOf(key, clock(), schedule.tail) })),
    /** How many keys are published, how long one has signed, and when the next does; null where none signs. */
    ages() {
      const ages = agesOf(ring.keys(), clock(), schedule)
      return ages && { published: ring.keys().length, ...ages }
    },
    /** Whether this service's secret key opens a private key that was sealed elsewhere. */
    opens: (sealed: Buffer, kid: string): boolean => vault.open(sealed, kid) !== null,
    routes: (app: Server) =>
      keyRoutes(app, { publishKeys: publishKeys({ ring, clock, schedule, skew: clockSkew }), publicUrl }),
  }
}
