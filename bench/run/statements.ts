import { execFile, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { findOwnerships } from '../../src/sessions/infrastructure/ownerships.postgres.ts'
import { advanceMany, advanceOne } from '../../src/sessions/infrastructure/session-rotations.postgres.ts'
import { type Core, pinned } from './pinning.ts'

/** How fast PostgreSQL alone answers a hot statement, asked by a program that does nothing else. */
export interface StatementRate {
  readonly name: string
  readonly connections: number
  /** Rows a second: a statement for a batch has many. */
  readonly perSecond: number
  /** The mean time of a statement in milliseconds. */
  readonly mean: number
  readonly by: 'pgbench' | 'node'
}

interface Statement {
  readonly name: string
  readonly connections: number
  /** How many sessions each one is about. */
  readonly rows: number
  readonly text: string
  /** SQL for each parameter, where `ids` is an array and `:turn` counts the statements of a connection from 0. */
  parameters(ids: string): readonly string[]
}

// As 32 connections come to it: two lanes with half of them each. Reads take the second one where the first is slow.
const [lanes, batch] = [2, 16]
const idleEnd = `now() + interval '2h'`
const filled = (value: string) => `array_fill(${value}, ARRAY[${batch}])`
const rotateMany = (ids: string) => [ids, filled(':turn::int'), filled('now()'), filled(idleEnd)]
const rotateOne = (ids: string) => [`(${ids})[1]`, ':turn::int', 'now()', idleEnd]

/** The service's own texts, in batches as it asks, and the same by one each. */
const statements: readonly Statement[] = [
  {
    name: `\`me\`, ${batch} in a statement`,
    connections: lanes,
    rows: batch,
    text: findOwnerships.text,
    parameters: (ids) => [ids],
  },
  {
    name: '`me`, one each',
    connections: lanes * batch,
    rows: 1,
    text: findOwnerships.text,
    parameters: (ids) => [ids],
  },
  {
    name: `rotations, ${batch} in a statement`,
    connections: lanes,
    rows: batch,
    text: advanceMany.text,
    parameters: rotateMany,
  },
  {
    name: 'a rotation, one each',
    connections: lanes * batch,
    rows: 1,
    text: advanceOne.text,
    parameters: rotateOne,
  },
]

export const secondsOfStatements = (seconds: number): number => statements.length * (seconds + 0.3)

interface How {
  readonly folder: string
  /** Where the client runs: not that of PostgreSQL. */
  readonly core: Core
  readonly seconds: number
}

export const hasPgbench = (): boolean => spawnSync('pgbench', ['--version'], { stdio: 'ignore' }).status === 0

/** @throws where a rotation did not move its session: what was measured then is another thing. */
export async function measureStatements(url: string, how: How, by: StatementRate['by']): Promise<StatementRate[]> {
  await using client = await connected(url)
  const rates: StatementRate[] = []
  for (const statement of statements) {
    const { name, connections, rows } = statement
    // Rows of its own for each connection: nobody waits for another's.
    const ids = Array.from({ length: connections * rows }, () => randomUUID())
    await seed(client, ids)
    const text = written(statement, ids)
    const { count, perSecond, mean } = await { pgbench: byPgbench, node: byNode }[by](connections, text, url, how)
    const { moved } = await one<{ moved: number }>(
      client,
      'SELECT sum(generation)::int AS moved FROM sessions WHERE id = ANY($1)',
      ids,
    )
    if (text.includes(':turn') && moved < count * rows) throw new Error(`${name}: ${moved} of ${count * rows} moved`)
    rates.push({ name, connections, perSecond: perSecond * rows, mean, by })
  }
  return rates
}

/** The text with its parameters in it: pgbench has no arrays. The connection is `:client_id`, from 0. */
function written({ text, rows, parameters }: Statement, ids: readonly string[]): string {
  const first = `:client_id::int * ${rows} + 1`
  const own = parameters(`('{${ids.join()}}'::uuid[])[${first} : ${first} + ${rows - 1}]`)
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\$(\d)/g, (_, place) => `(${own[place - 1]})`)
}

async function byPgbench(connections: number, text: string, url: string, { folder, core, seconds }: How) {
  const script = join(folder, 'statement.sql')
  writeFileSync(script, `\\set turn :turn + 1\n${text};\n`)
  const options = ['-n', '-M', 'prepared', '-D', 'turn=-1', '-f', script]
  const size = ['-T', String(Math.ceil(seconds)), '-c', String(connections)]
  const [command, ...words] = pinned(core, ['pgbench', ...options, ...size, url])
  const { stdout } = await promisify(execFile)(command, words)
  const [, count] = /^number of transactions actually processed: (\d+)/m.exec(stdout) ?? []
  const [, mean] = /^latency average = ([\d.]+) ms$/m.exec(stdout) ?? []
  const [, perSecond] = /^tps = ([\d.]+) /m.exec(stdout) ?? []
  if (!count || !mean || !perSecond) throw new Error(`pgbench says: ${stdout}`)
  return { count: Number(count), perSecond: Number(perSecond), mean: Number(mean) }
}

/** The same where there is no pgbench. A client in JavaScript is slower: it says less of the database. */
async function byNode(connections: number, text: string, url: string, { seconds }: How) {
  const until = performance.now() + seconds * 1000
  const query = { name: 'statement', text: text.replaceAll(':client_id', '$1').replaceAll(':turn', '$2') }
  let count = 0
  const work = async (_: unknown, place: number) => {
    await using client = await connected(url)
    for (let turn = 0; performance.now() < until; turn++, count++) {
      await client.query({ ...query, values: text.includes(':turn') ? [place, turn] : [place] })
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
  return { count, perSecond: count / seconds, mean: (connections * seconds * 1000) / count }
}

const seed = (client: Client, ids: readonly string[]) =>
  client.query(
    `WITH owner AS (
      INSERT INTO users (email, created_at) VALUES ($2, now()) RETURNING id
    )
    INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at, user_agent, ip)
    SELECT unnest($1::uuid[]), owner.id, now(), now(), ${idleEnd}, now() + interval '30d', 'node', '127.0.0.1' FROM owner`,
    [ids, `statements-${randomUUID()}@bench.example`],
  )

async function one<Row>(client: Client, text: string, ...values: readonly unknown[]): Promise<Row> {
  return (await client.query(text, [...values])).rows[0] as Row
}

async function connected(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}
