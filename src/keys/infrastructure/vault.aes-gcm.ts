import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Secret } from '../../kernel/secret.ts'
import type { Vault } from '../application/ports.ts'

const version = 1
const markBytes = 8
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + markBytes + nonceBytes

/**
 * AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D); few secrets are ever sealed, far below 2^32.
 *
 * Sealed form: version (1 byte), a mark of the key (8), nonce (12), ciphertext, tag (16). The mark tells under which
 * key a text was sealed, so that a wrong key is told from damage.
 *
 * @param key seals and opens. @param previous opens only: what an older secret key has sealed.
 */
export function aesGcmVault(key: Secret<Buffer>, previous: Secret<Buffer> | null = null): Vault {
  const current = { key, mark: markOf(key) }
  const openers = [current, ...(previous ? [{ key: previous, mark: markOf(previous) }] : [])]
  const openerOf = (sealed: Buffer) => openers.find(({ mark }) => sealed.subarray(1, 1 + markBytes).equals(mark))

  return {
    seal(secret, context) {
      const head = Buffer.concat([Buffer.from([version]), current.mark, randomBytes(nonceBytes)])
      const cipher = createCipheriv('aes-256-gcm', key.reveal(), head.subarray(-nonceBytes))
      cipher.setAAD(Buffer.concat([head, Buffer.from(context)]))
      return Buffer.concat([head, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
    },

    open(sealed, context) {
      const opener = openerOf(sealed)
      if (!opener || sealed.length < headBytes + tagBytes || sealed[0] !== version) return null
      const head = sealed.subarray(0, headBytes)
      const decipher = createDecipheriv('aes-256-gcm', opener.key.reveal(), head.subarray(-nonceBytes))
      decipher.setAAD(Buffer.concat([head, Buffer.from(context)]))
      decipher.setAuthTag(sealed.subarray(-tagBytes))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(headBytes, -tagBytes)), decipher.final()])
      } catch {
        return null
      }
    },

    isCurrent: (sealed) => openerOf(sealed) === current,
  }
}

const markOf = (key: Secret<Buffer>) =>
  createHash('sha256').update('latchkey vault mark').update(key.reveal()).digest().subarray(0, markBytes)
