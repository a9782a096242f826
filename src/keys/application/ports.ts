import type { Transaction } from '../../kernel/transact.ts'
import type { Algorithm, SigningKey } from '../domain/signing-key.ts'

/** A key at rest: its private half (PKCS#8, DER) is sealed under the secret key, bound to its `kid`. */
export interface StoredKey extends SigningKey {
  readonly sealedPrivateKey: Buffer
}

export interface KeyStore {
  /** All keys that are kept, the oldest first. */
  list(): Promise<StoredKey[]>
  /** The same under a lock that one process holds at a time, until the transaction ends. */
  lock(transaction: Transaction): Promise<StoredKey[]>
  insert(transaction: Transaction, key: StoredKey): Promise<void>
  /** Sets when a key starts or ends to sign. */
  reschedule(
    transaction: Transaction,
    kid: string,
    change: { readonly activatesAt?: Date; readonly retiresAt?: Date | null },
  ): Promise<void>
  remove(transaction: Transaction, kids: readonly string[]): Promise<void>
  /** Replaces a sealed private half only while it still is `from`. */
  reseal(kid: string, from: Buffer, to: Buffer): Promise<void>
}

/** Seals small secrets for the database. */
export interface Vault {
  /** @param context what the sealed text belongs to; it opens under the same context alone. */
  seal(secret: Buffer, context: string): Buffer
  /** The secret, or null when it was sealed under another key or context, or altered. */
  open(sealed: Buffer, context: string): Buffer | null
  /** Whether it was sealed under the present key, and not under the previous one. */
  isCurrent(sealed: Buffer): boolean
}

/** A key that is ready for use. */
export interface LoadedKey extends SigningKey {
  sign(signingInput: string): Buffer
  verify(signingInput: string, signature: Buffer): boolean
}

export interface KeyMaker {
  /** A new key: its public half, its thumbprint, and its private half in PKCS#8. */
  generate(algorithm: Algorithm): Promise<Pick<SigningKey, 'kid' | 'algorithm' | 'publicJwk'> & { privateKey: Buffer }>
  /**
   * A key whose private half is null verifies, and throws where it is to sign.
   *
   * @throws Error when the private half is not the one of the public half.
   */
  load(key: SigningKey, privateKey: Buffer | null): LoadedKey
}

/** The keys as this process last saw them. */
export interface KeyRing {
  keys(): readonly LoadedKey[]
  /** When they were read from the store. */
  loadedAt(): Date
  /** Reads them anew, not before the call; callers at the same time share a reading. */
  reload(): Promise<void>
}
