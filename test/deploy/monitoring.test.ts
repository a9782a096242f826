import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { faces } from '../../src/platform/http/problem.ts'
import { type Definition, definitions } from '../../src/platform/metrics/definitions.ts'
import type { Exposition } from '../support/exposition.ts'
import { type MonitoredService, startMonitored } from '../support/monitored.ts'

const read = (path: string) => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const rules: Rule[] = parse(read('prometheus/alerts.yaml')).groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
const board = JSON.parse(read('grafana/latchkey.json'))
const panels: Panel[] = board.panels
const variables: string[] = board.templating.list.map(({ name }: { name: string }) => name)

/** A metric that an expression names, with the labels and their values that it demands or groups by. */
interface Use {
  readonly name: string
  readonly labels: readonly { readonly name: string; readonly is: string; readonly value: string }[]
}

/** Words of the language that stand where a metric could. */
const keywords = /^(?:by|without|on|ignoring|group_left|group_right|and|or|unless|bool|offset)$/
const text = /"(?:[^"\\]|\\.)*"/g

/** The metrics of an expression: what is a name, no function and no word of the language, and is not in a text. */
function usesOf(expression: string): Use[] {
  const grouped = [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(/,\s*/),
  )
  const bare = expression.replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ')
  const found = [...bare.matchAll(/(?<![\w"$[:.{,]\s?)\b([a-zA-Z_:][\w:]*)\b\s*(?!\s*\()(\{[^}]*\})?/g)]
  return found
    .filter(([, name = '']) => !keywords.test(name))
    .map(([, name = '', selector = '']) => ({
      name,
      labels: [
        ...[...selector.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")/g)].map(
          ([, label = '', is = '', value = '']) => ({
            name: label,
            is,
            value: JSON.parse(value) as string,
          }),
        ),
        ...grouped.map((label) => ({ name: label, is: '', value: '' })),
      ],
    }))
}

/** What Prometheus itself adds: which target a series comes from, and whether it answered. */
const ofScrape = { metrics: new Set(['up']), labels: new Set(['job', 'instance']) }

const labelsOf = (metric: string) =>
  Object.values<Definition>(definitions).find(({ name }) => name === metric)?.labels ?? []

/** What is wrong with an expression, given what a service tells. */
function complaintsAbout(expression: string, { types, series }: Exposition): string[] {
  const uses = usesOf(expression)
  if (uses.length === 0) return [`no metric is in ${expression.replace(text, '""')}`]
  return uses.flatMap(({ name, labels }) => {
    if (ofScrape.metrics.has(name)) return []
    const base = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '')
    const type = types.get(base)
    if (type === undefined || (base !== name && type !== 'histogram')) return [`there is no ${name}`]
    if (type === 'histogram' && base === name) return [`${name} is a histogram`]
    const isRated = new RegExp(`\\b(?:rate|increase)\\(${name}\\b`).test(expression)
    if ((type === 'counter' || base !== name) !== isRated)
      return [`${name} is a ${type}: its rate, and of a gauge its value`]
    const told = series.filter((one) => one.name === name)
    return labels
      .filter((label) => !ofScrape.labels.has(label.name))
      .flatMap(({ name: label, is, value }) => {
        const values = told.map(({ labels }) => labels[label])
        // What has not happened yet has no series, and its labels all the same.
        const isKnown = told.length === 0 && labelsOf(base).includes(label)
        if (!isKnown && !values.some((one) => one !== undefined)) return [`${name} has no label ${label}`]
        if (is === '=' && !values.includes(value)) return [`${name} has no ${label}="${value}"`]
        return []
      })
  })
}

describe('the alert rules and the board, beside a service', () => {
  let service: MonitoredService
  let told: Exposition
  before(async () => {
    service = await startMonitored()
    await service.walk()
    told = await service.scrape()
  })
  after(() => service?.stop())

  for (const { alert, expr } of rules) {
    it(`has metrics for ${alert}`, () => assert.deepEqual(complaintsAbout(expr, told), []))
  }

  for (const { title, targets = [] } of panels) {
    if (targets.length === 0) continue
    it(`has metrics for the panel "${title}", with the labels that its legend shows`, () => {
      for (const { expr, legendFormat } of targets) {
        assert.deepEqual(complaintsAbout(expr, told), [])
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          assert.match(expr, new RegExp(`by \\([^)]*\\b${label}\\b`), expr)
        }
        for (const [, name = ''] of expr.matchAll(/\$(?!__)(\w+)/g)) assert.ok(variables.includes(name), name)
      }
    })
  }

  it('finds a name, a label, a value or a use that is wrong', () => {
    for (const [expression, complaint] of [
      ['sum(rate(latchkey_http_request_total[5m]))', 'there is no latchkey_http_request_total'],
      ['latchkey_signing_keys_bucket > 1', 'there is no latchkey_signing_keys_bucket'],
      [
        'sum by (le, path) (rate(latchkey_http_request_duration_seconds_bucket[5m]))',
        'latchkey_http_request_duration_seconds_bucket has no label path',
      ],
      ['rate(latchkey_refreshes_total{outcome="stolen"}[5m])', 'latchkey_refreshes_total has no outcome="stolen"'],
      ['rate(latchkey_http_request_duration_seconds[5m])', 'latchkey_http_request_duration_seconds is a histogram'],
      [
        'latchkey_http_requests_total > 5',
        'latchkey_http_requests_total is a counter: its rate, and of a gauge its value',
      ],
      ['rate(latchkey_signing_keys[5m])', 'latchkey_signing_keys is a gauge: its rate, and of a gauge its value'],
      ['max(latchkey_audit_lag) > 5 or up == 0', 'there is no latchkey_audit_lag'],
      ['1 > 0', 'no metric is in 1 > 0'],
    ]) {
      assert.deepEqual(complaintsAbout(String(expression), told), [complaint])
    }
    assert.deepEqual(
      usesOf('a{x="b > c"} / on (job) d offset 5m + max by (e) (f[5m])').map(({ name }) => name),
      ['a', 'd', 'f'],
    )
  })
})

describe('the alert rules', () => {
  it('say how bad it is, what has happened and what to do', () => {
    assert.ok(rules.length >= 10)
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
    for (const { alert, labels, annotations } of rules) {
      assert.match(alert, /^Latchkey[A-Z]\w+$/)
      assert.ok(['page', 'ticket'].includes(labels.severity ?? ''), alert)
      assert.deepEqual(Object.keys(annotations), ['summary', 'description'], alert)
      for (const sentence of Object.values(annotations)) assert.match(sentence, /[.]$/, alert)
    }
  })

  it('compare with what may not have happened yet only where it then counts as none', () => {
    const compared = rules
      .map(({ alert, expr }) => ({ alert, against: expr.split(/ (?:[<>]=?|[!=]=) /).at(-1) ?? '' }))
      .filter(({ against }) => /\w\{/.test(against))
    assert.deepEqual(
      compared.map(({ alert }) => alert),
      ['LatchkeyPasswordsGuessed'],
    )
    for (const { alert, against } of compared) assert.match(against, /\bor 0 \* sum by \(job\)/, alert)
  })

  it('name codes of refusals that exist', () => {
    for (const { expr } of rules) {
      for (const [, code = ''] of expr.matchAll(/\bcode="(\w+)"/g)) assert.ok(code in faces, code)
    }
  })
})

describe('the board', () => {
  it('has panels that say what they show, each in a place of its own', () => {
    const shown = panels.filter(({ type }) => type !== 'row')
    assert.ok(shown.length >= 15)
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    for (const { title, description, targets = [], gridPos } of shown) {
      assert.ok(description && targets.length > 0, title)
      assert.ok(gridPos.x + gridPos.w <= 24, title)
    }
    const taken = new Set<string>()
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), title)
          taken.add(`${x} ${y}`)
        }
      }
    }
  })
})
