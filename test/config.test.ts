import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError, parseConfig } from '../src/config.ts'
import { Secret } from '../src/kernel/secret.ts'
import { key, variables } from './config-variables.ts'

const plain = (value: unknown) => (value instanceof Secret ? value.reveal() : value)

for (const [name, { field, fallback, valid, invalid, mustBe }] of Object.entries(variables)) {
  describe(name, () => {
    it('has its default where it is unset or empty', () => {
      assert.deepEqual(parseConfig({})[field], fallback)
      assert.deepEqual(parseConfig({ [name]: '' })[field], fallback)
    })
    for (const [text, value] of valid) {
      it(`may be ${text}`, () => assert.deepEqual(plain(parseConfig({ [name]: text })[field]), value))
    }
    for (const text of invalid) {
      it(`may not be ${inspect(text.slice(0, 60))}, and the one sentence says what it may be`, () => {
        const [problem, ...more] = problemsOf({ [name]: text })
        assert.deepEqual(more, [])
        assert.ok(problem?.startsWith(`${name} must be `), problem)
        assert.match(problem ?? '', mustBe)
        assert.match(problem ?? '', /\.$/)
      })
    }
  })
}

describe('the configuration as a whole', () => {
  it('is in the table as a whole', () => {
    assert.deepEqual(
      Object.values(variables).map((row) => row.field as string),
      Object.keys(parseConfig({})),
    )
  })

  it('is frozen, its lists too', () => {
    const config = parseConfig({ CORS_ORIGINS: 'https://a.example', TRUSTED_PROXIES: '::1' })
    for (const part of [config, config.corsOrigins, config.trustedProxies]) assert.ok(Object.isFrozen(part))
  })

  it('takes its default public address from the port', () => {
    assert.equal(parseConfig({ PORT: '8080' }).publicUrl, 'http://localhost:8080')
  })

  it('has as many workers as there are cores with WORKERS=auto, and 64 at most', () => {
    const { workers } = parseConfig({ WORKERS: 'auto', DATABASE_URL: 'postgres://db/latchkey' })
    assert.equal(workers, Math.min(64, availableParallelism()))
  })

  it('tells all problems at once, in one error', () => {
    const withInvalid = Object.entries(variables).filter(([, row]) => row.invalid.length > 0)
    const env = Object.fromEntries(withInvalid.map(([name, row]) => [name, row.invalid[0]]))
    const problems = problemsOf(env)
    assert.deepEqual(
      problems.map((problem) => problem.split(' ')[0]),
      withInvalid.map(([name]) => name),
    )
  })

  it('never repeats a secret, nor what was given in its place', () => {
    const given = { DATABASE_URL: 'mysql://latchkey:hunter2@db', SECRET_KEY: 'hunter2', PUBLIC_URL: 'x://u:hunter2@h' }
    assert.doesNotMatch(problemsOf(given).join(), /hunter2/)
    const config = parseConfig({ DATABASE_URL: 'postgres://latchkey:hunter2@db/latchkey', SECRET_KEY: `hunter2${key}` })
    assert.doesNotMatch(inspect(config, { depth: null, showHidden: true }) + JSON.stringify(config), /hunter2/)
  })
})

describe('contradictions', () => {
  const contradictory: [env: Record<string, string>, sentence: RegExp][] = [
    [{ ACCESS_TOKEN_TTL: '6m' }, /^ACCESS_TOKEN_TTL must not be longer than REFRESH_TOKEN_TTL/],
    [{ REFRESH_TOKEN_TTL: '31d' }, /^REFRESH_TOKEN_TTL must not be longer than SESSION_MAX_AGE/],
    [{ REFRESH_REUSE_WINDOW: '5m' }, /^REFRESH_REUSE_WINDOW must be shorter than REFRESH_TOKEN_TTL/],
    [{ KEY_ROTATION_INTERVAL: '10m' }, /^KEY_ROTATION_INTERVAL must be longer than JWKS_MAX_AGE/],
    [{ SECRET_KEY: key, SECRET_KEY_PREVIOUS: key }, /^SECRET_KEY_PREVIOUS must be another key than SECRET_KEY/],
    [{ PORT: '0' }, /^PUBLIC_URL must be set when PORT is 0/],
    [{ ADMIN_PORT: '1602' }, /^ADMIN_PORT must be another port than PORT/],
    [{ WORKERS: '2' }, /^WORKERS must be 1 without DATABASE_URL/],
  ]
  for (const [env, sentence] of contradictory) {
    it(`stop the start: ${Object.entries(env).map((pair) => pair.join('='))}`, () => {
      const [problem, ...more] = problemsOf(env)
      assert.match(problem ?? '', sentence)
      assert.deepEqual(more, [])
    })
  }

  const harmonious: Record<string, string>[] = [
    { ACCESS_TOKEN_TTL: '5m' },
    { REFRESH_TOKEN_TTL: '30d' },
    { REFRESH_REUSE_WINDOW: '299s' },
    { SECRET_KEY: key, SECRET_KEY_PREVIOUS: [...key].reverse().join('') },
    { PORT: '0', PUBLIC_URL: 'https://auth.example.com' },
    { PORT: '0', PUBLIC_URL: 'https://auth.example.com', ADMIN_PORT: '0' },
    { WORKERS: '64', DATABASE_URL: 'postgres://db/latchkey' },
  ]
  for (const env of harmonious)
    it(`are none at the very limit: ${Object.entries(env).map((pair) => pair.join('='))}`, () =>
      assert.ok(parseConfig(env)))

  it('are not told of a value that is wrong in itself', () => {
    assert.equal(problemsOf({ SESSION_MAX_AGE: 'long', REFRESH_TOKEN_TTL: '60d' }).length, 1)
  })
})

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseConfig(env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.message, error.problems.join('\n'))
    return error.problems
  }
  assert.fail('the configuration was accepted')
}
