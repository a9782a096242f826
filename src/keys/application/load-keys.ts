import type { KeyMaker, KeyStore, LoadedKey, Vault } from './ports.ts'

interface Deps {
  readonly keys: KeyStore
  readonly vault: Vault
  readonly maker: KeyMaker
}

/** The stored keys can't be opened with the configured secret key. */
export class WrongSecretKey extends Error {
  override name = 'WrongSecretKey'
}

/**
 * Opens the stored keys, each with a self-test. A key that `known` holds is not opened again: only its times may have
 * changed.
 *
 * @throws WrongSecretKey when a key was sealed under another SECRET_KEY.
 */
export const loadKeys =
  ({ keys, vault, maker }: Deps) =>
  async (known: readonly LoadedKey[]): Promise<LoadedKey[]> => {
    const stored = await keys.list()
    return stored.map((key) => {
      const same = known.find((one) => one.kid === key.kid)
      if (same) return { ...same, activatesAt: key.activatesAt, retiresAt: key.retiresAt }
      const privateKey = vault.open(key.sealedPrivateKey, key.kid)
      if (privateKey === null) {
        throw new WrongSecretKey('SECRET_KEY is not the one under which the signing keys in the database were sealed.')
      }
      return maker.load(key, privateKey)
    })
  }
