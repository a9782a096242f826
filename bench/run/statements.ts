import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { pinned } from './pinning.ts'

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
  readonly rows: number
  readonly text: string
}

const sessions = 256
const batch = 32
const id = (number: string) => `('00000000-0000-4000-8000-' || lpad((${number})::text, 12, '0'))::uuid`
const set = `generation = s.generation + 1, last_used_at = now(),
  idle_expires_at = least(now() + interval '2h', s.expires_at)`
const live = 's.revoked_at IS NULL AND s.idle_expires_at > now()'

/** As the service asks: `me` by one id, a rotation by itself, and many rotations in one statement. */
const statements: readonly Statement[] = [
  {
    name: '`me`, one each',
    connections: 32,
    rows: 1,
    text: `SELECT s.id, s.user_id, u.email FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ${id('$1::int')} AND ${live}`,
  },
  {
    name: 'a rotation, one each',
    connections: 32,
    rows: 1,
    text: `UPDATE sessions s SET ${set} WHERE s.id = ${id('$1::int')} AND s.generation >= 0 AND ${live} RETURNING s.*`,
  },
  {
    name: `rotations, ${batch} in a statement`,
    connections: 1,
    rows: batch,
    text: `UPDATE sessions s SET ${set} FROM (SELECT ${id('n')} AS id
      FROM generate_series($1::int / ${batch} * ${batch} + 1, $1::int / ${batch} * ${batch} + ${batch}) n) AS t
      WHERE s.id = t.id AND s.generation >= 0 AND ${live} RETURNING s.*`,
  },
]

export const secondsOfStatements = (seconds: number): number => statements.length * (seconds + 0.3)

/** @param core where the client runs: not that of PostgreSQL. */
export async function measureStatements(databaseUrl: string, folder: string, core: number | null, seconds: number) {
  await seed(databaseUrl)
  const hasPgbench = spawnSync('pgbench', ['--version'], { stdio: 'ignore' }).status === 0
  const rates: StatementRate[] = []
  for (const statement of statements) {
    const { name, connections, rows } = statement
    const run = hasPgbench ? byPgbench : byNode
    const { perSecond, mean } = await run(statement, databaseUrl, { folder, core, seconds })
    rates.push({ name, connections, perSecond: perSecond * rows, mean, by: hasPgbench ? 'pgbench' : 'node' })
  }
  return rates
}

interface How {
  readonly folder: string
  readonly core: number | null
  readonly seconds: number
}

async function byPgbench({ connections, text }: Statement, url: string, { folder, core, seconds }: How) {
  const script = join(folder, 'statement.sql')
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('$1', ':n')
  writeFileSync(script, `\\set n random(0, ${sessions - 1})\n${line};\n`)
  const options = ['-n', '-M', 'prepared', '-f', script, '-T', String(Math.ceil(seconds)), '-c', String(connections)]
  const [command, ...parameters] = pinned(core, ['pgbench', ...options, url])
  const { stdout } = await promisify(execFile)(command, parameters)
  const [, mean] = /^latency average = ([\d.]+) ms$/m.exec(stdout) ?? []
  const [, perSecond] = /^tps = ([\d.]+) /m.exec(stdout) ?? []
  if (mean === undefined || perSecond === undefined) throw new Error(`pgbench says: ${stdout}`)
  return { perSecond: Number(perSecond), mean: Number(mean) }
}

/** The same where there is no pgbench. A client in JavaScript is slower: it says less of the database. */
async function byNode({ connections, text }: Statement, url: string, { seconds }: How) {
  const until = performance.now() + seconds * 1000
  let count = 0
  const work = async () => {
    const client = new Client({ connectionString: url })
    await client.connect()
    for (; performance.now() < until; count++) {
      await client.query({ name: 'statement', text, values: [Math.floor(Math.random() * sessions)] })
    }
    await client.end()
  }
  await Promise.all(Array.from({ length: connections }, work))
  return { perSecond: count / seconds, mean: (connections * seconds * 1000) / count }
}

async function seed(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`WITH owner AS (
      INSERT INTO users (email, created_at) VALUES ('statements@bench.example', now()) RETURNING id
    )
    INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at)
    SELECT ${id('n')}, owner.id, now(), now(), now() + interval '2h', now() + interval '30d'
    FROM owner, generate_series(0, ${sessions}) n`)
  await client.end()
}
