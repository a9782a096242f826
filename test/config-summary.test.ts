import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../src/config.ts'
import { summarizeConfig } from '../src/config-summary.ts'
import { key, variables } from './config-variables.ts'

const summary = (env: Record<string, string>) => summarizeConfig(parseConfig(env))

describe('the configuration in a line', () => {
  it('is a digest alone where all is as by default', () => {
    assert.match(summary({}), /^config [0-9a-f]{12}$/)
    assert.equal(summary({}), summary({}))
  })

  it('names what is not as by default, and has another digest for another value', () => {
    assert.match(summary({ BCRYPT_COST: '13' }), /^config [0-9a-f]{12} BCRYPT_COST$/)
    assert.notEqual(summary({ BCRYPT_COST: '13' }), summary({ BCRYPT_COST: '14' }))
    for (const [name, { valid, fallback }] of Object.entries(variables)) {
      const other = valid.find(([, value]) => JSON.stringify(value) !== JSON.stringify(fallback))
      // Others contradict the defaults, and are refused long before.
      if (!other || /TTL|MAX_AGE|INTERVAL/.test(name)) continue
      assert.match(summary({ PUBLIC_URL: 'https://auth.example.com', [name]: other[0] }), new RegExp(` ${name}( |$)`))
    }
  })

  it('holds no secret, nor a digest that tells of one', () => {
    const [one, other] = [key, key.toLowerCase()].map((secret) =>
      summary({ SECRET_KEY: secret, DATABASE_URL: `postgres://latchkey:${secret}@db/latchkey` }),
    )
    assert.equal(one, other)
    assert.match(one ?? '', /^config [0-9a-f]{12} DATABASE_URL SECRET_KEY$/)
  })

  it('stays within its length, whatever is set', () => {
    const env = Object.fromEntries(
      Object.entries(variables).flatMap(([name, { valid, fallback }]) => {
        const other = valid.find(([, value]) => value !== fallback)
        return other && !/TTL|MAX_AGE|INTERVAL|PREVIOUS/.test(name) ? [[name, other[0]]] : []
      }),
    )
    const line = summary(env)
    assert.ok(line.length <= 180, line)
    assert.match(line, / [A-Z_]+ \.\.\.$/)
  })
})
