import { execFile } from 'node:child_process'
import { createHmac, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Adapter, Session } from '../adapter.ts'
import { adapter as latchkey } from './latchkey.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const macKey = randomBytes(32)
const issuer = 'http://localhost:1602'
const hour = 3600
const { refresh, me, jwks } = latchkey.calls

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What the program itself would have answered a login. */
function refreshToken(sid: string, sub: string): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, aud: issuer, sub, sid, gen: 0, iat, exp: iat + 2 * hour }
  const input = `${encode({ alg: 'HS256', typ: 'rt+jwt' })}.${encode(claims)}`
  return `${input}.${createHmac('sha256', macKey).update(input).digest('base64url')}`
}

/** The least that any server must do: bare `node:http` and `pg` on the service's own tables. */
export const adapter: Adapter = {
  name: 'limit',
  about:
    'bare `node:http` and `pg`: the same rows and signatures, by cheaper statements (only the columns it answers with, no ' +
    'row lock before an update, one lane); no framework and no checks. Those who ask at the same moment share a statement, ' +
    'also at 8 connections, where one each, pipelined, is a third faster for `me`',
  calls: { ...(refresh && { refresh }), ...(me && { me }), ...(jwks && { jwks }) },
  // The service's own command makes its tables first. It is built by then, since it is always measured too.
  async prepare(place) {
    const { command, env } = latchkey.launch(place)
    const [program, ...parameters] = command
    await promisify(execFile)(program, [...parameters, 'migrate'], { env: { PATH: process.env.PATH, ...env } })
  },
  launch: ({ host, port, databaseUrl }) => ({
    command: [process.execPath, join(import.meta.dirname, '..', 'limit', 'server.ts')],
    env: {
      NODE_ENV: 'production',
      HOST: host,
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      ISSUER: issuer,
      KID: randomBytes(32).toString('base64url'),
      MAC_KEY: macKey.toString('hex'),
      SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  }),
  ready: '/.well-known/jwks.json',
  async seed({ host, port, databaseUrl }, count) {
    const client = new Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      const owners = await client.query<{ id: string }>(
        "INSERT INTO users (email, created_at) SELECT $2 || n || '@bench.example', now() FROM generate_series(1, $1) n RETURNING id",
        [Math.ceil(count / 8), `owner-${randomUUID()}-`],
      )
      const { rows } = await client.query<{ id: string; user_id: string }>(
        `INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at, user_agent, ip)
         SELECT gen_random_uuid(), ($2::bigint[])[1 + n % cardinality($2)], now(), now(), now() + '2h', now() + '30d', 'node', '127.0.0.1'
         FROM generate_series(1, $1::int) n RETURNING id, user_id`,
        [count, owners.rows.map(({ id }) => id)],
      )
      return await Promise.all(rows.map(({ id, user_id }) => firstRefresh(`http://${host}:${port}`, id, user_id)))
    } finally {
      await client.end()
    }
  },
}

/** The access token is the program's own. */
async function firstRefresh(url: string, sid: string, userId: string): Promise<Session> {
  const headers = { authorization: `Bearer ${refreshToken(sid, userId)}` }
  const response = await fetch(`${url}/api/v1/auth/refresh`, { method: 'POST', headers })
  if (response.status !== 200) throw new Error(`the limit program refuses its first refresh: ${await response.text()}`)
  const { access_token: access, refresh_token: refresh } = (await response.json()) as Record<string, string>
  return { access: String(access), refresh: String(refresh) }
}
