import assert from 'node:assert/strict'
import { createDecipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Secret } from '../../../src/kernel/secret.ts'
import { aesGcmVault } from '../../../src/keys/infrastructure/vault.aes-gcm.ts'

const [key, otherKey] = [new Secret(randomBytes(32)), new Secret(randomBytes(32))]
const vault = aesGcmVault(key)
const secret = Buffer.from('the private half of a key')
const sealed = vault.seal(secret, 'kid')

test('what was sealed opens under the same key and context', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, context) => {
      assert.deepEqual(vault.open(vault.seal(Buffer.from(bytes), context), context), Buffer.from(bytes))
    }),
  )
})

test('it opens in another process that has the same key', () => {
  assert.deepEqual(aesGcmVault(new Secret(Buffer.from(key.reveal()))).open(sealed, 'kid'), secret)
})

for (const context of ['', 'ki', 'kid ', 'Kid', 'kid\0', 'another']) {
  test(`it does not open under the context ${JSON.stringify(context)}`, () => {
    assert.equal(vault.open(sealed, context), null)
  })
}

test('it does not open under another key', () => assert.equal(aesGcmVault(otherKey).open(sealed, 'kid'), null))

test('it does not open when any one of its bits is flipped', () => {
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const altered = Buffer.from(sealed)
    altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(vault.open(altered, 'kid'), null, `bit ${bit}`)
  }
})

test('it does not open when it is cut, at either end, or lengthened', () => {
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(vault.open(sealed.subarray(0, length), 'kid'), null)
    assert.equal(vault.open(sealed.subarray(sealed.length - length), 'kid'), null)
  }
  assert.equal(vault.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'kid'), null)
})

test('bytes that nobody sealed do not open', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => vault.open(Buffer.from(bytes), 'kid') === null))
})

test('the same secret is sealed differently each time, and shows nowhere', () => {
  const several = Array.from({ length: 100 }, () => vault.seal(secret, 'kid'))
  assert.equal(new Set(several.map((one) => one.toString('hex'))).size, 100)
  assert.equal(new Set(several.map((one) => one.subarray(9, 21).toString('hex'))).size, 100, 'nonces')
  for (const one of several) assert.ok(!one.includes(secret.subarray(0, 8)))
})

test('after a change of the key, what the previous one sealed opens, and is told from what the present one seals', () => {
  const changed = aesGcmVault(otherKey, key)
  assert.deepEqual(changed.open(sealed, 'kid'), secret)
  assert.equal(changed.open(sealed, 'another'), null)
  assert.equal(changed.isCurrent(sealed), false)
  const anew = changed.seal(secret, 'kid')
  assert.equal(changed.isCurrent(anew), true)
  assert.deepEqual(aesGcmVault(otherKey).open(anew, 'kid'), secret)
  assert.equal(vault.open(anew, 'kid'), null)
})

test('the form is what it is documented to be: version, mark, nonce, ciphertext, tag', () => {
  assert.equal(sealed.length, 1 + 8 + 12 + secret.length + 16)
  assert.equal(sealed[0], 1)
  const decipher = createDecipheriv('aes-256-gcm', key.reveal(), sealed.subarray(9, 21), { authTagLength: 16 })
  decipher.setAAD(Buffer.concat([sealed.subarray(0, 21), Buffer.from('kid')])).setAuthTag(sealed.subarray(-16))
  assert.deepEqual(Buffer.concat([decipher.update(sealed.subarray(21, -16)), decipher.final()]), secret)
})
