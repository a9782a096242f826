import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { KeyMaker, KeyStore, LoadedKey, StoredKey, Vault } from './ports.ts'

interface Deps {
  readonly keys: KeyStore
  readonly vault: Vault
  readonly maker: KeyMaker
  readonly transact: Transact
  readonly clock: Clock
}

/** The stored keys can't be opened with the configured secret key. */
export class WrongSecretKey extends Error {
  override name = 'WrongSecretKey'
}

/**
 * Opens the signing keys, after making the first one where there is none. Of several processes that start at once one
 * makes it: the others wait for the lock and find it.
 *
 * @throws WrongSecretKey when a key was sealed under another SECRET_KEY.
 */
export const loadKeys =
  ({ keys, vault, maker, transact, clock }: Deps) =>
  async (): Promise<LoadedKey[]> => {
    const known = await keys.list()
    const stored =
      known.length > 0
        ? known
        : await transact(async (transaction) => {
            const found = await keys.lock(transaction)
            if (found.length > 0) return found
            const { privateKey, ...made } = await maker.generate()
            const now = clock()
            const first: StoredKey = {
              ...made,
              createdAt: now,
              activatesAt: now,
              retiresAt: null,
              sealedPrivateKey: vault.seal(privateKey, made.kid),
            }
            await keys.insert(transaction, first)
            return [first]
          })
    return stored.map((key) => {
      const privateKey = vault.open(key.sealedPrivateKey, key.kid)
      if (privateKey === null) {
        throw new WrongSecretKey('SECRET_KEY is not the one under which the signing keys in the database were sealed.')
      }
      return maker.load(key, privateKey)
    })
  }
