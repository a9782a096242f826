import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../src/config.ts'
import { summarizeConfig } from '../src/config-summary.ts'
import { key, variables } from './config-variables.ts'

const keyId = '0123456789abcdef'
const summary = (env: Record<string, string>) => summarizeConfig(parseConfig(env), keyId)

describe('the configuration in a line', () => {
  it('is a digest and the audit key alone where all is as by default', () => {
    assert.match(summary({}), /^config [0-9a-f]{12} audit key 0123456789abcdef$/)
    assert.equal(summary({}), summary({}))
  })

  it('names what is not as by default, and has another digest for another value', () => {
    assert.match(summary({ BCRYPT_COST: '13' }), /^config [0-9a-f]{12} BCRYPT_COST=13 audit key/)
    const [one, other] = ['https://a.example.com', 'https://b.example.com'].map((origin) =>
      summary({ CORS_ORIGINS: origin }),
    )
    assert.match(one ?? '', /^config [0-9a-f]{12} CORS_ORIGINS audit key/)
    assert.notEqual(one, other)
    for (const [name, { valid, fallback }] of Object.entries(variables)) {
      const other = valid.find(([, value]) => JSON.stringify(value) !== JSON.stringify(fallback))
      // Others contradict the defaults, and are refused long before.
      if (!other || /TTL|MAX_AGE|INTERVAL/.test(name)) continue
      assert.match(summary({ PUBLIC_URL: 'https://auth.example.com', [name]: other[0] }), new RegExp(` ${name}[ =]`))
    }
  })

  it('has the values of switches, choices, numbers and durations, and of short lists of networks', () => {
    const line = summary({
      RATE_LIMIT: 'off',
      BCRYPT_COST: '10',
      PASSWORD_BREACH_CHECK: 'hibp',
      ACCESS_TOKEN_TTL: '2m',
      TRUSTED_PROXIES: '10.0.0.0/8,::1',
    })
    const expected =
      'ACCESS_TOKEN_TTL=120 BCRYPT_COST=10 PASSWORD_BREACH_CHECK=hibp RATE_LIMIT=off TRUSTED_PROXIES=10.0.0.0/8,::1'
    assert.ok(line.includes(` ${expected} `), line)
    const many = Array.from({ length: 20 }, (_, number) => `10.0.0.${number}`).join(',')
    assert.match(summary({ TRUSTED_PROXIES: many }), /^config [0-9a-f]{12} TRUSTED_PROXIES audit key/)
  })

  it('holds no secret, no address and no path, nor a digest that tells of a secret', () => {
    const [one, other] = [key, key.toLowerCase()].map((secret) =>
      summary({
        SECRET_KEY: secret,
        DATABASE_URL: `postgres://latchkey:${secret}@db/latchkey`,
        PUBLIC_URL: 'https://auth.example.com',
        DATA_DIR: '/var/lib/latchkey',
        HOST: '192.0.2.1',
      }),
    )
    assert.equal(one, other)
    const names = 'HOST PUBLIC_URL DATABASE_URL DATA_DIR SECRET_KEY'
    assert.match(one ?? '', new RegExp(`^config [0-9a-f]{12} ${names} audit key ${keyId}$`))
  })

  it('names every variable that is set, in far less than an event holds', () => {
    const env = Object.fromEntries(
      Object.entries(variables).flatMap(([name, { valid, fallback }]) => {
        const other = valid.find(([, value]) => JSON.stringify(value) !== JSON.stringify(fallback))
        return other && !/TTL|MAX_AGE|INTERVAL|PREVIOUS/.test(name) ? [[name, other[0]]] : []
      }),
    )
    assert.ok(Object.keys(env).length > 12)
    const line = summary(env)
    for (const name of Object.keys(env)) assert.match(line, new RegExp(` ${name}[ =]`))
    assert.ok(line.length < 800, line)
  })
})
