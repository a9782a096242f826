import type { webcrypto } from 'node:crypto'
import { type Algorithm, createVerifier, type VerifierOptions } from '../../src/verify/index.ts'

export const issuerUrl = 'https://auth.example.com'
/** Noon, in seconds. */
export const noon = Date.UTC(2026, 10, 22, 12) / 1000

const parameters = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
}

export const algorithms = Object.keys(parameters) as Algorithm[]

export type Jwk = Record<string, unknown>

export interface Signer {
  readonly kid: string
  /** As it stands in a key set. */
  readonly jwk: Jwk
  readonly sign: (input: string) => Promise<Buffer>
  /** A token with a good header and good claims but for these; `undefined` leaves one out. */
  readonly token: (claims?: object, header?: object) => Promise<string>
}

let made = 0

export async function createSigner(alg: Algorithm = 'ES256', modulusLength = 2048): Promise<Signer> {
  const kid = `${alg}-${++made}`
  const parameter = { ...parameters[alg], modulusLength, publicExponent: new Uint8Array([1, 0, 1]) }
  const pair = (await crypto.subtle.generateKey(parameter, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  const sign = async (input: string) =>
    Buffer.from(await crypto.subtle.sign(parameter, pair.privateKey, Buffer.from(input)))

  return {
    kid,
    jwk: { ...jwk, kid, use: 'sig', alg },
    sign,
    async token(claims, header) {
      const input = `${part({ alg, typ: 'at+jwt', kid, ...header })}.${part({ ...goodClaims(), ...claims })}`
      return `${input}.${(await sign(input)).toString('base64url')}`
    },
  }
}

export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export const goodClaims = () => ({
  iss: issuerUrl,
  aud: issuerUrl,
  sub: '7',
  client_id: 'latchkey',
  iat: noon,
  exp: noon + 60,
  jti: '0b9f6c1e-5a0e-4c55-9d3c-0d6c9f1d9c11',
  sid: 'd5b0a9b2-8a54-4f8c-a2b5-4b8e8f6f0b1a',
})

/** A verifier whose clock and key set are in a test's hands. */
export interface Stand {
  readonly verify: ReturnType<typeof createVerifier>['verify']
  /** The URL of every request that was made for keys. */
  readonly requests: string[]
  /** Seconds since the epoch. */
  now: number
  /** Answers the requests for keys. */
  answer: (init: RequestInit) => Response | Promise<Response>
  publish(...keys: readonly Jwk[]): void
}

export function createStand(signers: readonly Signer[], options: Partial<VerifierOptions> = {}): Stand {
  const requests: string[] = []
  const { verify } = createVerifier({
    issuer: issuerUrl,
    now: () => stand.now * 1000,
    fetch: async (url, init) => {
      requests.push(url)
      return stand.answer(init)
    },
    ...options,
  })
  const stand: Stand = {
    verify,
    requests,
    now: noon,
    answer: () => new Response(null, { status: 500 }),
    publish(...keys) {
      stand.answer = () => Response.json({ keys }, { headers: { 'cache-control': 'public, max-age=600' } })
    },
  }
  stand.publish(...signers.map((signer) => signer.jwk))
  return stand
}
