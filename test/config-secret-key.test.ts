import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, it } from 'node:test'
import { parseConfig } from '../src/config.ts'

describe('a SECRET_KEY that others know', () => {
  const wellKnown = [
    'your-256-bit-secret-your-256-bit-secret',
    'a-string-secret-at-least-256-bits-long',
    'super-secret-jwt-token-with-at-least-32-characters-long',
    'your-super-secret-jwt-token-with-at-least-32-characters-long',
    'my-32-character-ultra-secure-and-ultra-long-secret',
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    'django-insecure-3k9x7v2m8q1w5z0c4b6n',
    'ChangeMeToSomethingRandomPlease!!!',
    'CHANGE_THIS_TO_A_LONG_RANDOM_STRING',
    'change-it-before-going-to-production',
    'replace-with-output-of-openssl-rand',
    'this_is_an_example_key_do_not_use_it',
    'passwordpasswordpasswordpassword',
    'abcdefghijklmnopqrstuvwxyz012345',
    '12345678901234567890123456789012',
    'qwertyuiopasdfghjklzxcvbnm123456',
    'a'.repeat(64),
    '0'.repeat(32),
    'a1b2c3d4e5'.repeat(4),
    'tY9uB2xWq7LmZ4vK'.repeat(2),
  ]
  for (const text of wellKnown) {
    it(`is refused: ${text}`, () => {
      assert.throws(() => parseConfig({ SECRET_KEY: text }), {
        name: 'ConfigError',
        message: /^SECRET_KEY must be random: .*openssl rand -base64 48/,
      })
    })
  }

  it('is never one that is random', () => {
    // As good as random and the same in every run.
    const generator = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
    const randomBytes = (bytes: number) => generator.update(Buffer.alloc(bytes))
    for (let round = 0; round < 1000; round++) {
      const random = [
        ...([16, 32, 48, 64] as const).map((bytes) => randomBytes(bytes).toString('hex')),
        ...([24, 32, 48, 64] as const).map((bytes) => randomBytes(bytes).toString('base64')),
        ...([24, 32, 48, 64] as const).map((bytes) => randomBytes(bytes).toString('base64url')),
      ]
      for (const text of random) assert.equal(parseConfig({ SECRET_KEY: text }).secretKey?.reveal(), text, text)
    }
  })
})
