import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { compact, decode, es256, part, secretKey, signingKeyOf } from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { SECRET_KEY: secretKey, RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.loggedIn()
const { header, claims, signature } = decode(person.access)
const signed = es256((await signingKeyOf(service, header.kid)).privateKey)

const me = (token: string) => service.call('GET', '/api/v1/users/me', { token })

async function assertForged(token: string): Promise<void> {
  assertRefused(await me(token), 401, 'invalid_token')
  assertRefused(await service.call('POST', '/api/v1/auth/refresh', { token }), 401, 'invalid_token')
  assertRefused(await service.call('POST', '/api/v1/auth/logout', { token }), 401, 'invalid_token')
}

test('the token from which the others are made is accepted', async () => {
  assert.equal((await me(person.access)).status, 200)
  assert.equal((await me(compact(header, claims, signed))).status, 200)
})

const [h = '', p = '', s = ''] = person.access.split('.')
// The order of P-256 (SEC 2, section 2.4.2).
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const zero = Buffer.alloc(32)
const one = Buffer.alloc(32, 0).fill(1, 31)
const withSignature = (bytes: Uint8Array) => `${h}.${p}.${Buffer.from(bytes).toString('base64url')}`
const der = (): Buffer => {
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), bytes])
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const withUnusedBit = (text: string) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]
const loose = Buffer.from(JSON.stringify({ ...claims, x: 'a'.repeat(3 - ((JSON.stringify(claims).length + 1) % 3)) }))
const looseInput = `${h}.${withUnusedBit(loose.toString('base64url'))}`

const forms: [what: string, token: string][] = [
  ['signature is empty', `${h}.${p}.`],
  ['signature is left out', `${h}.${p}`],
  ['signature lacks its last byte', withSignature(signature.subarray(0, -1))],
  ['signature lacks its first byte', withSignature(signature.subarray(1))],
  ['signature has a byte more', withSignature(Buffer.concat([signature, Buffer.from([0])]))],
  ['signature is 64 zero bytes', withSignature(Buffer.alloc(64))],
  ['signature is r = n, s = n', withSignature(Buffer.concat([order, order]))],
  ['signature is r = 0, s = 1', withSignature(Buffer.concat([zero, one]))],
  ['signature is r = 1, s = 0', withSignature(Buffer.concat([one, zero]))],
  ['signature is r = 1, s = 1', withSignature(Buffer.concat([one, one]))],
  [
    'signature has its halves swapped',
    withSignature(Buffer.concat([signature.subarray(32), signature.subarray(0, 32)])),
  ],
  ['signature is in DER', withSignature(der())],
  ['signature is of another token', compact(header, { ...claims, sub: '2' }, () => signature)],
  ['signature has one padding character', `${person.access}=`],
  ['signature has its padding', `${person.access}==`],
  ['signature has unused bits set', `${h}.${p}.${withUnusedBit(s)}`],
  ['signature has a space inside', `${h}.${p}.${s.slice(0, 40)} ${s.slice(40)}`],
  ['signature is in the alphabet of plain base64', `${h}.${p}.${s.slice(0, -1)}+`],
  [
    'payload has unused bits set and is signed so',
    `${looseInput}.${Buffer.from(signed(looseInput)).toString('base64url')}`,
  ],
  ['payload is padded and signed so', `${h}.${p}=.${Buffer.from(signed(`${h}.${p}=`)).toString('base64url')}`],
  ['payload is empty', `${h}..${s}`],
  ['header is empty', `.${p}.${s}`],
  ['parts are four', `${person.access}.x`],
  ['parts are four, the first empty', `.${person.access}`],
  ['parts are four, the last empty', `${person.access}.`],
  ['only part is its header', h],
  ['text is a dot', '.'],
  ['text is two dots', '..'],
  ['text is a word', 'undefined'],
  [
    'form is a JWE whose key takes a billion rounds to derive',
    [{ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1e9, p2s: 'x' }, 'k', 'iv', 'x', 'tag'].map(part).join('.'),
  ],
  [
    'form is a JWE that grows when it is unpacked',
    [{ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }, '', 'iv', 'x'.repeat(2000), 'tag'].map(part).join('.'),
  ],
  ['form is the JSON serialisation', JSON.stringify({ protected: h, payload: p, signature: s })],
  ['claims are a list', compact(header, [claims], signed)],
  ['claims are null', compact(header, null, signed)],
  ['claims are text', compact(header, '"x"', signed)],
  ['claims are not JSON', compact(header, '{"sub":', signed)],
  ['claims are not UTF-8', compact(header, Buffer.from([0x7b, 0xff, 0x7d]), signed)],
  ['claims have a byte order mark', compact(header, `\ufeff${JSON.stringify(claims)}`, signed)],
  ['length is above 4096', compact(header, { ...claims, x: 'x'.repeat(3000) }, signed)],
]

for (const [what, token] of forms) {
  test(`a token whose ${what} is refused with 401`, () => assertForged(token))
}

test('a token of almost 4096 characters is accepted', async () => {
  const token = compact(header, { ...claims, x: 'x'.repeat(2500) }, signed)
  assert.ok(token.length > 3700 && token.length <= 4096)
  assert.equal((await me(token)).status, 200)
})

test('a token with any one of the 512 bits of its signature flipped is refused with 401', async () => {
  for (let bit = 0; bit < 512; bit++) {
    const flipped = Buffer.from(signature)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assertRefused(await me(withSignature(flipped)), 401, 'invalid_token')
  }
})

test('a refresh token with any one of the 256 bits of its MAC flipped is refused with 401, and works untouched', async () => {
  const { refresh } = await service.loggedIn()
  const mac = decode(refresh).signature
  const input = refresh.slice(0, refresh.lastIndexOf('.'))
  for (let bit = 0; bit < 256; bit++) {
    const flipped = Buffer.from(mac)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    const token = `${input}.${flipped.toString('base64url')}`
    assertRefused(await service.call('POST', '/api/v1/auth/refresh', { token }), 401, 'invalid_token')
  }
  assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token: refresh })).status, 200)
})

test('a refresh token that is cut, padded or changed in case is refused with 401, and works untouched', async () => {
  const { refresh } = await service.loggedIn()
  const [first = '', second = '', mac = ''] = refresh.split('.')
  for (const token of [
    refresh.slice(0, -1),
    refresh.slice(0, -4),
    refresh.slice(1),
    `${refresh}=`,
    `${refresh}A`,
    `${refresh}.`,
    `${first}.${second}.${withUnusedBit(mac)}`,
    `${first}.${second}.${mac.toLowerCase()}`,
    `${first}.${second}.${mac.toUpperCase()}`,
    `${first}.${second}.`,
    `${first}.${second}`,
    refresh.toLowerCase(),
  ]) {
    await assertForged(token)
  }
  assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token: refresh })).status, 200)
})

test('an EdDSA token whose signature has the order of the group added to its S is refused with 401', async () => {
  const other = await startService({ env: { TOKEN_ALGORITHM: 'EdDSA', RATE_LIMIT: 'off' } })
  try {
    const { access } = await other.loggedIn()
    const genuine = decode(access).signature
    // The order of edwards25519 (RFC 8032, section 5.1).
    const l = 2n ** 252n + 27742317777372353535851937790883648493n
    const s = BigInt(`0x${Buffer.from(genuine.subarray(32)).reverse().toString('hex')}`)
    const added = Buffer.from((s + l).toString(16).padStart(64, '0'), 'hex').reverse()
    const token = `${access.slice(0, access.lastIndexOf('.'))}.${Buffer.concat([genuine.subarray(0, 32), added]).toString('base64url')}`
    assertRefused(await other.call('GET', '/api/v1/users/me', { token }), 401, 'invalid_token')
    assert.equal((await other.call('GET', '/api/v1/users/me', { token: access })).status, 200)
  } finally {
    await other.close()
  }
})
