import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { Secret } from '../../src/kernel/secret.ts'
import { aesGcmVault } from '../../src/keys/infrastructure/vault.aes-gcm.ts'
import { deriveKey } from '../../src/platform/secret-key.ts'
import type { TestService } from './service.ts'

/** The SECRET_KEY of a service whose tokens are forged: its own keys can be had from its database with it. */
export const secretKey = 'kS4f9-QzR7t_Wb2Xc8Vn5Mj1Lh6Gd3Pa0Yu'

/** Signs the first two parts of a token. */
export type Sign = (signingInput: string) => Uint8Array

export type Json = Readonly<Record<string, unknown>>

export interface KeyPair {
  readonly kid: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** One part of a token: text and bytes as they are, anything else as JSON. */
export function part(value: unknown): string {
  const bytes = typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
  return Buffer.from(bytes as string).toString('base64url')
}

/** A token in compact form with any header, any claims and any signature. */
export function compact(header: unknown, claims: unknown, signature: Sign): string {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${Buffer.from(signature(input)).toString('base64url')}`
}

export const es256 =
  (key: KeyObject): Sign =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })

export const hs256 =
  (key: string | Uint8Array): Sign =>
  (input) =>
    createHmac('sha256', key).update(input).digest()

export const unsigned: Sign = () => new Uint8Array()

export function decode(token: string): { header: Json; claims: Json; signature: Buffer } {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const json = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString())
  return { header: json(header), claims: json(claims), signature: Buffer.from(signature, 'base64url') }
}

/** A key pair for ES256 that no service knows. */
export async function strangersKey(): Promise<KeyPair> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid: await calculateJwkThumbprint(publicMembers(publicKey)), publicKey, privateKey }
}

/** The key that the service signs access tokens with, opened with its SECRET_KEY. */
export async function signingKeyOf(service: TestService, kid: unknown): Promise<KeyPair> {
  const rows = await service.query<{ kid: string; sealed_private_key: Uint8Array }>('SELECT * FROM signing_keys')
  const row = rows.find((row) => row.kid === kid)
  const der = row && vault().open(Buffer.from(row.sealed_private_key), row.kid)
  if (!row || !der) throw new Error('the database holds no such key')
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { kid: row.kid, privateKey, publicKey: createPublicKey(privateKey) }
}

/** The key of the MAC of refresh tokens. */
export const macKey = (): Buffer => deriveKey(new Secret(secretKey), 'refresh-token').reveal()

/** Puts one more signing key into the service's database, as a rotation would. */
export async function plantKey(service: TestService, activatesAt: Date, retiresAt: Date | null): Promise<KeyPair> {
  const key = await strangersKey()
  const sealed = vault().seal(key.privateKey.export({ format: 'der', type: 'pkcs8' }), key.kid)
  const moment = (date: Date | null) => (date ? `'${date.toISOString()}'` : 'NULL')
  await service.query(`
    INSERT INTO signing_keys
      (kid, algorithm, public_jwk, sealed_private_key, created_at, activates_at, retires_at)
    VALUES
      ('${key.kid}', 'ES256', '${JSON.stringify(publicMembers(key.publicKey))}', decode('${sealed.toString('hex')}', 'hex'),
       ${moment(activatesAt)}, ${moment(activatesAt)}, ${moment(retiresAt)})`)
  return key
}

const vault = () => aesGcmVault(deriveKey(new Secret(secretKey), 'vault'))

function publicMembers(key: KeyObject): JsonWebKey & Record<'kty' | 'crv' | 'x' | 'y', string> {
  const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' })
  return { kty, crv, x, y }
}
