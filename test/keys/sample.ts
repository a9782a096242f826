import type { KeyMaker, KeyStore, LoadedKey, StoredKey, Vault } from '../../src/keys/application/ports.ts'
import type { KeySchedule } from '../../src/keys/domain/key-schedule.ts'
import type { Transcript } from '../support/transcript.ts'

export const at = (seconds: number): Date => new Date(seconds * 1000)

export const schedule: KeySchedule = { interval: 1000, jwksMaxAge: 60, lead: 70, tail: 65 }

/** A key that signs from `activatesAt` until `retiresAt`, sealed under the key `a`. */
export const stored = (kid: string, activatesAt: number, retiresAt: number | null = null): StoredKey => ({
  kid,
  algorithm: 'ES256',
  publicJwk: { kty: 'EC', x: kid },
  createdAt: at(0),
  activatesAt: at(activatesAt),
  retiresAt: retiresAt === null ? null : at(retiresAt),
  sealedPrivateKey: Buffer.from(`a/${kid}/private half of ${kid}`),
})

export const loaded = (kid: string, activatesAt: number, retiresAt: number | null = null): LoadedKey => {
  const { sealedPrivateKey, ...key } = stored(kid, activatesAt, retiresAt)
  return { ...key, sign: () => sealedPrivateKey, verify: () => true }
}

/** Seals by writing the name of the key and the context in front. */
export const vaultOf = (present: string, previous?: string): Vault => ({
  seal: (secret, context) => Buffer.from(`${present}/${context}/${secret}`),
  open(sealed, context) {
    const [key, of, ...secret] = sealed.toString().split('/')
    return (key === present || key === previous) && of === context ? Buffer.from(secret.join('/')) : null
  },
  isCurrent: (sealed) => sealed.toString().startsWith(`${present}/`),
})

/** Makes keys of the name `made`, which only know their private half. */
export const maker: KeyMaker = {
  async generate(algorithm) {
    return { kid: 'made', algorithm, publicJwk: { kty: 'EC', x: 'made' }, privateKey: Buffer.from('half') }
  },
  load: ({ kid, algorithm, publicJwk, createdAt, activatesAt, retiresAt }, privateKey) => ({
    ...{ kid, algorithm, publicJwk, createdAt, activatesAt, retiresAt },
    sign: () => privateKey ?? Buffer.from('none'),
    verify: () => true,
  }),
}

/** A store that answers `before` without the lock, and `locked` under it. */
export function keyStore(script: Transcript, before: StoredKey[], locked = before): KeyStore {
  return {
    async list() {
      script.did('list')
      return before
    },
    async lock(transaction) {
      script.didWithin(transaction, 'lock')
      return locked
    },
    insert: async (transaction, key) => script.didWithin(transaction, 'insert', key),
    reschedule: async (transaction, kid, change) => script.didWithin(transaction, 'reschedule', kid, change),
    remove: async (transaction, kids) => script.didWithin(transaction, 'remove', kids),
    reseal: async (kid, from, to) => script.did('reseal', kid, from.toString(), to.toString()),
  }
}
