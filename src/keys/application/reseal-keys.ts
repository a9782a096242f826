import type { KeyStore, Vault } from './ports.ts'

interface Deps {
  readonly keys: KeyStore
  readonly vault: Vault
}

/** Seals anew, under the present secret key, what the previous one had sealed. Answers how many that were. */
export const resealKeys =
  ({ keys, vault }: Deps) =>
  async (): Promise<number> => {
    const old = (await keys.list()).filter((key) => !vault.isCurrent(key.sealedPrivateKey))
    let done = 0
    for (const { kid, sealedPrivateKey } of old) {
      const privateKey = vault.open(sealedPrivateKey, kid)
      if (privateKey === null) continue
      await keys.reseal(kid, sealedPrivateKey, vault.seal(privateKey, kid))
      done++
    }
    return done
  }
