/** Writes `docs/dependencies.md`: what each production dependency is for, what it weighs, and what it brings along. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why each is there. One that has no reason stops this script, and a test. */
export const reasons: Readonly<Record<string, string>> = {
  '@electric-sql/pglite': 'the embedded database; loaded only without `DATABASE_URL`',
  '@fastify/cors': 'answers to browsers of other origins; loaded only with `CORS_ORIGINS`',
  '@fastify/swagger': "makes the OpenAPI document of the routes' schemas; loaded when it is first asked for",
  '@fastify/swagger-ui': 'the page at `/api/docs` and its files; loaded when it is first asked for',
  '@opentelemetry/api': 'the words that the packages below share, and `prom-client`',
  '@opentelemetry/core': "reads a caller's `traceparent`; as all of these, loaded only with the variables `OTEL_…`",
  '@opentelemetry/exporter-metrics-otlp-http': 'sends metrics to an OpenTelemetry receiver',
  '@opentelemetry/exporter-trace-otlp-http': 'sends traces to an OpenTelemetry receiver',
  '@opentelemetry/resources': 'says of what the traces and metrics are',
  '@opentelemetry/sdk-metrics': 'when metrics are sent',
  '@opentelemetry/sdk-trace': 'spans, which of them are kept, and when they are sent',
  '@node-rs/bcrypt': 'bcrypt, as a native library',
  commander: 'reads the words of the command line; loaded for commands alone',
  'csv-parse': 'CSV, in imports; loaded for commands alone',
  fastify: 'HTTP: routing, validation by schema, serialization',
  jose: "the thumbprints that name signing keys; one of the package's files is loaded",
  kysely: 'SQL with the types of the tables, transactions, migrations',
  pg: 'the connections to PostgreSQL',
  pino: "the log's JSON lines; Fastify needs it as well",
  'prom-client': "metrics in Prometheus' text format; loaded only with `ADMIN_PORT`",
  typebox: 'schemas that are types, validation and documentation at once',
}

interface Locked {
  readonly version: string
  readonly dev?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

type Lock = Readonly<Record<string, Locked>>

const root = join(import.meta.dirname, '..')
export const page = join(root, 'docs', 'dependencies.md')
const folder = 'node_modules/'

/** Where Node finds a package from within another: beside it, or in a folder further up. */
function placeOf(lock: Lock, name: string, from: string): string | null {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf(`/${folder}`)))) {
    const place = at === '' ? folder + name : `${at}/${folder}${name}`
    if (lock[place]) return existsSync(join(root, place)) ? place : null
    if (at === '') return null
  }
}

/** All that a package brings along on this platform, itself included. */
function closureOf(lock: Lock, names: Iterable<string>): Set<string> {
  const all = new Set<string>()
  const add = (name: string, from: string) => {
    const place = placeOf(lock, name, from)
    if (place === null || all.has(place)) return
    all.add(place)
    const { dependencies, optionalDependencies } = lock[place] ?? {}
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next, place)
  }
  for (const name of names) add(name, '')
  return all
}

function bytesIn(directory: string): number {
  let bytes = 0
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (!entry.isDirectory()) bytes += statSync(path).size
    else if (entry.name !== 'node_modules') bytes += bytesIn(path)
  }
  return bytes
}

const megabytes = (places: Iterable<string>) =>
  ([...places].reduce((sum, place) => sum + bytesIn(join(root, place)), 0) / 1e6).toFixed(1)

export function renderDependencies(): string {
  const { packages: lock } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Lock }
  const names = Object.keys(lock['']?.dependencies ?? {})
  const everything = closureOf(lock, names)
  const rows = names.map((name) => {
    const reason = reasons[name]
    if (reason === undefined) throw new Error(`${name} has no reason in scripts/dependencies.ts`)
    const own = folder + name
    const others = closureOf(lock, [name])
    others.delete(own)
    const left = closureOf(
      lock,
      names.filter((other) => other !== name),
    )
    const alone = [...everything].filter((place) => !left.has(place))
    return `| \`${name}\` | ${reason} | ${megabytes([own])} | ${others.size} | ${alone.length} | ${megabytes(alone)} |`
  })
  return `# What the service depends on

Written by \`scripts/dependencies.ts\` from \`package-lock.json\` and what is installed, on Linux x64; sizes in MB, unpacked.
A test holds that every dependency stands here.

| package | what for | its size | brings along | goes with it | their size |
|---|---|---|---|---|---|
${rows.join('\n')}

"Brings along" counts the packages that it needs, directly or not. "Goes with it" counts those, itself included, that
nothing else needs: they would be gone without it.

Together these ${names.length} bring ${everything.size} packages, themselves included, of ${megabytes(everything)} MB. The image leaves out their
source maps and types.
`
}

if (import.meta.main) writeFileSync(page, renderDependencies())
