import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { describe, test } from 'node:test'
import { documentOfRoutes, referencePages } from '../scripts/generate-reference.ts'
import { faces } from '../src/platform/http/problem.ts'
import { variables } from './config-variables.ts'

const pages = await referencePages(await documentOfRoutes())
const textOf = (name: string) => [...pages].find(([path]) => path.endsWith(name))?.[1] ?? ''

describe('the reference', () => {
  for (const [path, text] of pages) {
    test(`is what the program says: if not, run \`npm run generate:reference\` (${relative('.', path)})`, async () => {
      assert.equal(await readFile(path, 'utf8'), text)
    })
  }

  test('has every variable with its default and what it may be', () => {
    const text = textOf('configuration.md')
    for (const [name, { mustBe }] of Object.entries(variables)) {
      const [, section = ''] = text.split(`\n## ${name}\n`)
      assert.match(section, /^\n.+\n\n- Default: .+\n- Allowed: .+\n/, name)
      const [, allowed = ''] = /- Allowed: (.+)\n/.exec(section) ?? []
      assert.ok(allowed === 'any path.' || mustBe.test(`${name} must be ${allowed}`), `${name}: ${allowed}`)
    }
  })

  test('has every variable of OpenTelemetry, by its full name and with what it may be', () => {
    const [, section = ''] = textOf('configuration.md').split('\n## OpenTelemetry\n')
    const allowed = (name: string) => new RegExp(`^\\| \`${name}\` \\| .+ \\| (.+) \\|$`, 'm').exec(section)?.[1]
    for (const signal of ['', 'TRACES_', 'METRICS_']) {
      assert.equal(allowed(`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`), 'an http or https URL.')
      assert.equal(allowed(`OTEL_EXPORTER_OTLP_${signal}PROTOCOL`), 'one of: http/json, http/protobuf.')
      assert.equal(allowed(`OTEL_EXPORTER_OTLP_${signal}HEADERS`), 'as the standard has it.')
    }
    assert.equal(allowed('OTEL_BSP_MAX_QUEUE_SIZE'), 'a number from 1 to 1000000.')
  })

  test('has every code of a refusal, each call with those that it may answer', () => {
    for (const code of Object.keys(faces)) assert.match(textOf('refusals.md'), new RegExp(`^## ${code}$`, 'm'))
    const [, refresh = ''] = textOf('api.md').split('### Refresh tokens\n')
    assert.match(refresh, /\*\*Who may:\*\* whoever bears a refresh token\./)
    assert.match(refresh, /\*\*Refusals:\*\* .*`refresh_token_reused`/)
    assert.match(refresh, /\| `refresh_expires_in` \| integer/)
  })
})
