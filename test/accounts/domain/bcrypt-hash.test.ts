import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseBcryptHash } from '../../../src/accounts/domain/bcrypt-hash.ts'

const salt = 'Z17AXnnlpzddNUvnC6cZNO'
const digest = 'SwMA/8oNiKnHTHTwLlBijfucQQlHjaG'

describe('a hash of bcrypt', () => {
  const parts = { kind: 'bcrypt', variant: '2b', salt, digest }
  for (const [what, text, parsed] of [
    ['2b', `$2b$12$${salt}${digest}`, { ...parts, scheme: 'bcrypt', cost: 12 }],
    ['2a', `$2a$12$${salt}${digest}`, { ...parts, scheme: 'bcrypt', cost: 12, variant: '2a' }],
    ['2y', `$2y$12$${salt}${digest}`, { ...parts, scheme: 'bcrypt', cost: 12, variant: '2y' }],
    ['the lowest cost', `$2b$04$${salt}${digest}`, { ...parts, scheme: 'bcrypt', cost: 4 }],
    ['the highest cost', `$2b$15$${salt}${digest}`, { ...parts, scheme: 'bcrypt', cost: 15 }],
    [
      'of a keyed sum, as passlib writes it',
      `$bcrypt-sha256$v=2,t=2b,r=12$${salt}$${digest}`,
      { ...parts, scheme: 'bcrypt-sha256', cost: 12 },
    ],
    [
      'of a sum, as Django makes it',
      `$django-bcrypt-sha256$t=2b,r=4$${salt}$${digest}`,
      { ...parts, scheme: 'django-bcrypt-sha256', cost: 4 },
    ],
  ] as const) {
    it(`is read into its parts: ${what}`, () => assert.deepEqual(parseBcryptHash(text), parsed))
  }

  for (const [what, text, because] of [
    ['a cost below the lowest', `$2b$03$${salt}${digest}`, 'cost_out_of_range'],
    ['a cost above the highest', `$2b$16$${salt}${digest}`, 'cost_out_of_range'],
    ['the same of a sum', `$bcrypt-sha256$v=2,t=2b,r=16$${salt}$${digest}`, 'cost_out_of_range'],
    ['a leading zero in a cost that has none', `$bcrypt-sha256$v=2,t=2b,r=04$${salt}$${digest}`, 'malformed'],
    ['no leading zero in a cost that has one', `$2b$4$${salt}${digest}`, 'malformed'],
    ['spare bits in the salt', `$2b$12$${salt.replace(/.$/, 'P')}${digest}`, 'malformed'],
    ['spare bits in the digest', `$2b$12$${salt}${digest.replace(/.$/, 'H')}`, 'malformed'],
    ['a digest too short, of 2a', `$2a$12$${salt}`, 'malformed'],
    ['a digest too short, of 2b', `$2b$12$${salt}`, 'malformed'],
    ['something before it', ` $2b$12$${salt}${digest}`, 'malformed'],
    ['something behind it', `$2b$12$${salt}${digest} `, 'malformed'],
    ['a broken one of a sum', `$bcrypt-sha256$v=2,t=2b,r=12$${salt}`, 'malformed'],
    ['a broken one of Django', `$django-bcrypt-sha256$t=2b,r=12$${salt}`, 'malformed'],
    ['the first version of a keyed sum', `$bcrypt-sha256$2b,12$${salt}$${digest}`, 'foreign_scheme'],
    ['2, which is another algorithm', `$2$12$${salt}${digest}`, 'foreign_scheme'],
    ['2x, which is a broken algorithm', `$2x$12$${salt}${digest}`, 'foreign_scheme'],
    ['a scheme of others', '$6$rounds=5000$salt$digest', 'foreign_scheme'],
  ] as const) {
    it(`is refused as ${because}: ${what}`, () => assert.equal(parseBcryptHash(text), because))
  }
})
