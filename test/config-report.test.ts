import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../src/config.ts'
import { variableOf } from '../src/config-file.ts'
import { reportConfig } from '../src/config-report.ts'
import { key, variables } from './config-variables.ts'

const settingOf = (name: string, env: Record<string, string>) => reportConfig(env).find((one) => one.name === name)
const secrets = ['DATABASE_URL', 'SECRET_KEY', 'SECRET_KEY_PREVIOUS']

describe('the report of the configuration', () => {
  it('has every variable, and says where each value comes from', () => {
    assert.deepEqual(
      reportConfig({}).map(({ name }) => name),
      Object.keys(parseConfig({})).map(variableOf),
    )
    assert.deepEqual(settingOf('BCRYPT_COST', {}), { name: 'BCRYPT_COST', value: '12', from: 'default' })
    assert.deepEqual(settingOf('BCRYPT_COST', { BCRYPT_COST: '' })?.from, 'default')
    assert.deepEqual(settingOf('BCRYPT_COST', { BCRYPT_COST: '12' })?.from, 'environment')
    assert.deepEqual(settingOf('SECRET_KEY', { DATA_DIR: '/data' })?.value, '/data/secret.key')
  })

  for (const [name, { field, valid, fallback }] of Object.entries(variables)) {
    if (secrets.includes(name)) continue
    it(`shows ${name} as it would be written`, () => {
      const shown = settingOf(name, {})?.value
      if (shown != null) assert.deepEqual(parseConfig({ [name]: shown })[field], fallback)
      for (const [text, value] of valid) {
        // Some are valid only beside another.
        const alone = (() => {
          try {
            return settingOf(name, { [name]: text })?.value
          } catch {
            return null
          }
        })()
        if (alone != null) assert.deepEqual(parseConfig({ [name]: alone })[field], value)
      }
    })
  }

  it('is not given where a variable of OpenTelemetry stops the start', () => {
    const env = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }
    assert.throws(() => reportConfig(env), {
      problems: ['OTEL_EXPORTER_OTLP_PROTOCOL must be one of: http/json, http/protobuf.'],
    })
  })

  it('shows no secret, and of a database all but what may be one', () => {
    const env = {
      DATABASE_URL: 'postgres://u:hunter2@db:5432/x?sslmode=verify-full&sslpassword=hunter3&options=hunter4',
      SECRET_KEY: key,
      SECRET_KEY_PREVIOUS: [...key].reverse().join(''),
    }
    const shown = Object.fromEntries(reportConfig(env).map(({ name, value }) => [name, value]))
    assert.deepEqual([shown.SECRET_KEY, shown.SECRET_KEY_PREVIOUS], ['[secret]', '[secret]'])
    assert.equal(
      shown.DATABASE_URL,
      'postgres://u:[secret]@db:5432/x?sslmode=verify-full&sslpassword=[secret]&options=[secret]',
    )
    assert.ok(!/hunter|tY9u/.test(JSON.stringify(shown)))
  })

  it('shows all hosts of a database, and the password of none', () => {
    const urls = [
      [
        'postgres://u:hunter2@a:5432,[::1]:5433,c/x?target_session_attrs=read-write',
        'u:[secret]@a:5432,[::1]:5433,c/x',
      ],
      ['postgres://u@a,b/x?target_session_attrs=read-write', 'u@a,b/x'],
      ['postgres://a,b/x?target_session_attrs=read-write', 'a,b/x'],
    ]
    for (const [url = '', shown = ''] of urls) {
      const { value } = settingOf('DATABASE_URL', { DATABASE_URL: url }) ?? assert.fail()
      assert.equal(value, `postgres://${shown}?target_session_attrs=read-write`)
    }
  })
})
