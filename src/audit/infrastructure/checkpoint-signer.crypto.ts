import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Secret } from '../../kernel/secret.ts'
import type { CheckpointSigner } from '../application/ports.ts'
import { statementOf } from '../domain/checkpoint.ts'

/** What stands before the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410, section 7). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Signs checkpoints with Ed25519 (RFC 8032), and knows what the previous key signed. */
export function cryptoCheckpointSigner(seed: Secret<Buffer>, previousSeed: Secret<Buffer> | null): CheckpointSigner {
  const key = keyOf(seed)
  const known = new Map<string, KeyObject>([[key.id, key.publicKey]])
  if (previousSeed) {
    const previous = keyOf(previousSeed)
    known.set(previous.id, previous.publicKey)
  }
  return {
    keyId: key.id,
    sign(given) {
      const checkpoint = { ...given, keyId: key.id }
      return { ...checkpoint, signature: sign(null, Buffer.from(statementOf(checkpoint)), key.privateKey) }
    },
    check(checkpoint) {
      const publicKey = known.get(checkpoint.keyId)
      if (!publicKey) return 'unknown'
      return verify(null, Buffer.from(statementOf(checkpoint)), publicKey, checkpoint.signature) ? 'good' : 'bad'
    },
  }
}

function keyOf(seed: Secret<Buffer>) {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed.reveal()]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const id = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16)
  return { id, privateKey, publicKey }
}
