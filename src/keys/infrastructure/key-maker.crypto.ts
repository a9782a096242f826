import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import type { KeyMaker } from '../application/ports.ts'
import type { Algorithm } from '../domain/signing-key.ts'

const generate = promisify(generateKeyPair)

interface Suite {
  generate(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }>
  readonly digest: 'sha256' | null
  readonly options: Omit<SignKeyObjectInput, 'key'>
  /** The members of the public JWK (RFC 7518, section 6; RFC 8037, section 2), and no other. */
  readonly members: readonly ('kty' | 'crv' | 'x' | 'y' | 'n' | 'e')[]
  readonly signatureBytes: number
}

const rsaBits = 3072
const rsa = {
  generate: () => generate('rsa', { modulusLength: rsaBits, publicExponent: 65_537 }),
  digest: 'sha256',
  members: ['kty', 'n', 'e'],
  signatureBytes: rsaBits / 8,
} as const

/** One suite for each algorithm; a key has exactly one, which its row names and no token can change (RFC 8725, 3.1). */
const suites: Readonly<Record<Algorithm, Suite>> = {
  // Signatures are R || S (RFC 7518, section 3.4).
  ES256: {
    generate: () => generate('ec', { namedCurve: 'P-256' }),
    digest: 'sha256',
    options: { dsaEncoding: 'ieee-p1363' },
    members: ['kty', 'crv', 'x', 'y'],
    signatureBytes: 64,
  },
  EdDSA: {
    generate: () => generate('ed25519'),
    digest: null,
    options: {},
    members: ['kty', 'crv', 'x'],
    signatureBytes: 64,
  },
  PS256: { ...rsa, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  RS256: { ...rsa, options: { padding: constants.RSA_PKCS1_PADDING } },
}

/** Keys made and used by Node's own crypto. */
export const cryptoKeyMaker: KeyMaker = {
  async generate(algorithm) {
    const { members, ...suite } = suites[algorithm]
    const { publicKey, privateKey } = await suite.generate()
    const jwk = publicKey.export({ format: 'jwk' })
    const publicJwk = Object.fromEntries(members.map((member) => [member, String(jwk[member])]))
    return {
      kid: await calculateJwkThumbprint(publicJwk),
      algorithm,
      publicJwk,
      privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }),
    }
  },

  load(key, privateKey) {
    const { digest, options, signatureBytes } = suites[key.algorithm]
    // Node reads the options off the key itself as well, and saves a third of the time that it takes to unpack an object
    // around the key at each signature.
    const opened = privateKey && createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
    const signer = opened && Object.assign(opened, options)
    const verifier = Object.assign(createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' }), options)
    const { kid, algorithm, publicJwk, createdAt, activatesAt, retiresAt } = key
    const loaded = {
      ...{ kid, algorithm, publicJwk, createdAt, activatesAt, retiresAt },
      sign: (input: string) => {
        if (!signer) throw new Error(`the signing key ${kid} is sealed under a SECRET_KEY that this process has not`)
        return sign(digest, Buffer.from(input), signer)
      },
      verify: (input: string, signature: Buffer) =>
        signature.length === signatureBytes && verify(digest, Buffer.from(input), verifier, signature),
    }
    // A pair that does not belong together would sign tokens that nobody can verify: found here, not by a customer.
    // Verified in the documented form too: a Node that read no options off a key would sign under others.
    const isSound = (made: Buffer) =>
      loaded.verify(kid, made) && verify(digest, Buffer.from(kid), { key: verifier, ...options }, made)
    if (signer && !isSound(loaded.sign(kid))) throw new Error(`The signing key ${kid} fails its self-test.`)
    return loaded
  },
}
