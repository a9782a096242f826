import type { KeyMaker, KeyStore, LoadedKey, Vault } from './ports.ts'

interface Deps {
  readonly keys: KeyStore
  readonly vault: Vault
  readonly maker: KeyMaker
  /** Told of a key that another replica made under a secret key that this one does not have. */
  readonly onUnopened: (kid: string) => void
}

/** The stored keys can't be opened with the configured secret key. */
export class WrongSecretKey extends Error {
  override name = 'WrongSecretKey'
}

/**
 * Opens the stored keys, each with a self-test. A key that `known` holds is not opened again: only its times may have
 * changed. Once this process has its keys, one that it can't open still verifies: a secret key that changes on one
 * replica first must not blind the others to what it makes or withdraws.
 *
 * @throws WrongSecretKey when none is known yet and a key was sealed under another SECRET_KEY.
 */
export const loadKeys =
  ({ keys, vault, maker, onUnopened }: Deps) =>
  async (known: readonly LoadedKey[]): Promise<LoadedKey[]> => {
    const stored = await keys.list()
    return stored.map((key) => {
      const same = known.find((one) => one.kid === key.kid)
      if (same) return { ...same, activatesAt: key.activatesAt, retiresAt: key.retiresAt }
      const privateKey = vault.open(key.sealedPrivateKey, key.kid)
      if (privateKey === null) {
        if (known.length === 0) throw new WrongSecretKey(wrongSecretKey)
        onUnopened(key.kid)
      }
      return maker.load(key, privateKey)
    })
  }

const wrongSecretKey = 'SECRET_KEY is not the one under which the signing keys in the database were sealed.'
