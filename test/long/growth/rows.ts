import { createHash } from 'node:crypto'
import { Client } from 'pg'

/**
 * Rows as years of use leave them, made by SQL. Session n is live where n is even, and over for days where it is odd, so
 * that the dead lie between the living on every page. Ids are in no order, like those that the service makes.
 */
export interface Plan {
  /** Users and sessions, this many each. */
  readonly rows: number
  /** The first ones, which are there before the others and belong to each other. */
  readonly first: number
}

/** How long a live session lives on from when it was made, in hours. */
export const livesFor = 4

/** A prime, so that a user's row and the session's lie at places that have nothing to do with each other. */
const stride = 7919

/** The id of session n: of the form of a UUID of version 4, as `idOf` below has it in SQL. */
export function sessionIdOf(n: number): string {
  const hash = createHash('md5').update(`session ${n}`).digest('hex')
  const id = `${hash.slice(0, 12)}4${hash.slice(13, 16)}8${hash.slice(17)}`
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export const userIdOf = (n: number, { rows, first }: Plan): number =>
  n <= first ? n : first + 1 + (((n - first - 1) * stride) % (rows - first))

/** How often session n was refreshed when it was made. */
export const generationOf = (n: number): number => n % 500

const idOf = `overlay(overlay(md5('session ' || n) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid`

/** Addresses of 25 to 31 characters, in no order. */
const users = `
INSERT INTO users (id, email, password_hash, created_at) OVERRIDING SYSTEM VALUE
SELECT n,
  substr(md5(n::text), 1, 5) || '.' || (ARRAY['anna', 'bo', 'chiara', 'dmitri', 'eve', 'fatima'])[1 + n % 6]
    || '.' || to_hex(n) || '@example.com',
  '$2b$12$' || substr(md5('salt ' || n) || md5('hash ' || n), 1, 53),
  now() - n % 1000 * interval '1 day'
FROM generate_series($1::bigint, $2::bigint) AS n`

/** What browsers, an app and a program call themselves. */
const agents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Example/4.12 (com.example.app; build:2210; iOS 18.6.1) Alamofire/5.9.1',
  'okhttp/4.12.0',
]

/** Two of three addresses are of IPv4, and every tenth of the dead was revoked. */
const sessions = `
WITH made AS (
  SELECT n, n % 2 = 0 AS live, date_trunc('second', now()) AS at FROM generate_series($1::bigint, $2::bigint) AS n
), born AS (
  SELECT *, at - (2 + n % 27) * interval '1 day' AS created_at FROM made
)
INSERT INTO sessions
  (id, user_id, generation, created_at, last_used_at, idle_expires_at, expires_at, revoked_at, user_agent, ip)
SELECT ${idOf},
  CASE WHEN n <= $3 THEN n ELSE $3 + 1 + (n - $3 - 1) * ${stride} % ($4::bigint - $3) END,
  n % 500,
  created_at,
  CASE WHEN live THEN at - n % 3600 * interval '1 second' ELSE created_at + interval '5 hours' END,
  CASE WHEN live THEN at + interval '${livesFor} hours' ELSE created_at + interval '6 hours' END,
  created_at + interval '30 days',
  CASE WHEN NOT live AND n % 10 = 1 THEN created_at + interval '5 hours' END,
  ($5::text[])[1 + n % ${agents.length}],
  CASE WHEN n % 3 = 0
    THEN '2001:db8:' || regexp_replace(substr(md5('ip ' || n), 1, 24), '(....)(?!$)', '\\1:', 'g')
    ELSE concat_ws('.', 1 + n % 223, n / 7 % 256, n / 11 % 256, n % 254) END
FROM born`

/** Inserts users and sessions n to m, a slice at a time on two connections, with every index as it is. */
export async function insertRows(url: string, from: number, to: number, { rows, first }: Plan): Promise<void> {
  await Promise.all([
    inSlices(url, users, from, to, []),
    inSlices(url, sessions, from, to, [first, Math.max(rows, first + 1), agents]),
  ])
}

const slice = 100_000

async function inSlices(url: string, insert: string, from: number, to: number, values: unknown[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    // No user is missing: asking for each one would take as long as the rest.
    await client.query('SET session_replication_role = replica')
    for (let start = from; start <= to; start += slice) {
      await client.query(insert, [start, Math.min(to, start + slice - 1), ...values])
    }
    // Whoever registers after them gets the next id.
    await client.query(`SELECT setval(pg_get_serial_sequence('users', 'id'), greatest($1::bigint, 1))`, [to])
  } finally {
    await client.end()
  }
}
