import { ConfigError } from '../../src/config.ts'
import { parseTelemetry } from '../../src/config-telemetry.ts'

const head = `## OpenTelemetry

The variables of OpenTelemetry that count here, which [the page on metrics](../metrics.md#opentelemetry) explains. Without an
endpoint or an exporter none does anything. Those that the service checks stop the start where they are wrong, and
\`latchkey config\` and \`latchkey doctor\` say so; the others the exporter reads by itself.

| variable | what of it is known | allowed |
|---|---|---|
`

/** @param page the one on metrics, whose table says what each variable is. */
export function telemetrySection(page: string): string {
  const rows = [...page.matchAll(/^\| (`OTEL_.+?) \| (.+) \|$/gm)].flatMap(([, names = '', meaning = '']) =>
    namesIn(names).map((name) => [name, meaning] as const),
  )
  const missing = checked().filter((name) => !rows.some(([documented]) => documented === name))
  if (missing.length > 0) throw new Error(`the page on metrics does not say what ${missing.join(', ')} is`)
  return head + rows.map(([name, meaning]) => `| \`${name}\` | ${meaning} | ${allowedOf(name)} |\n`).join('')
}

/** The names of a row: one that begins with an underscore is the exporter's, and of a signal there are two. */
function namesIn(cell: string): string[] {
  const names = [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name.replace(/^_/, 'OTEL_EXPORTER_OTLP_'))
  if (!cell.includes('of one signal')) return names
  return names.flatMap((name) => ['', 'TRACES_', 'METRICS_'].map((signal) => name.replace('OTLP_', `OTLP_${signal}`)))
}

/** What turns it on, so that everything else is looked at. */
const on = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp' }

/** Every variable that the program itself looks at. */
function checked(): string[] {
  const names = new Set<string>()
  parseTelemetry(
    new Proxy<Record<string, string>>(on, {
      get(env, name: string) {
        names.add(name)
        return env[name]
      },
    }),
  )
  return [...names]
}

/** What a refusal of a wrong value says that it must be. */
function allowedOf(name: string): string {
  try {
    parseTelemetry({ ...on, [name]: ' never ' })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems[0]?.replace(/^\w+ must be /, '') ?? ''
  }
  return name === 'OTEL_SDK_DISABLED' ? 'true, or anything else for on.' : 'as the standard has it.'
}
