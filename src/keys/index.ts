import type { Clock } from '../kernel/clock.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Transact } from '../kernel/transact.ts'
import type { Server } from '../platform/http/server.ts'
import { clockSkew } from '../platform/jwt/compact.ts'
import type { Database } from '../platform/postgres/tables.ts'
import { loadKeys } from './application/load-keys.ts'
import { publishKeys } from './application/publish-keys.ts'
import { es256KeyMaker } from './infrastructure/key-maker.es256.ts'
import { keyRoutes } from './infrastructure/key-routes.ts'
import { keyStorePostgres } from './infrastructure/key-store.postgres.ts'
import { type TokenSigner, tokenSignerJws } from './infrastructure/token-signer.jws.ts'
import { aesGcmVault } from './infrastructure/vault.aes-gcm.ts'

export type { TokenSigner }

interface Deps {
  readonly database: Database
  readonly transact: Transact
  readonly clock: Clock
  /** The key, of 32 bytes, that seals the private halves. */
  readonly vaultKey: Secret<Buffer>
  readonly publicUrl: string
  /** The longest life of a token that a key signs, in seconds. */
  readonly longestTokenLife: number
}

/** The feature: a signer for the others, and the routes on which the public halves are published. */
export async function createKeys({ database, transact, clock, vaultKey, publicUrl, longestTokenLife }: Deps) {
  const tail = longestTokenLife + clockSkew
  const loaded = await loadKeys({
    keys: keyStorePostgres(database),
    vault: aesGcmVault(vaultKey),
    maker: es256KeyMaker,
    transact,
    clock,
  })()
  const keys = () => loaded
  return {
    signer: tokenSignerJws({ keys, clock, tail }),
    routes: (app: Server) => keyRoutes(app, { publishKeys: publishKeys({ keys, clock, tail }), publicUrl }),
  }
}
