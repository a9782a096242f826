/**
 * The limit: what `me` and `refresh` cost with nothing around them. The same rows, signatures and answers as the
 * service's, headers included, on bare `node:http` and `pg`, by cheaper statements: fewer columns, no lock before an
 * update. Without a framework, checks, or an answer to theft. Under 120 lines.
 */
import { createHmac, createPrivateKey, createPublicKey, createSecretKey, randomUUID, sign, verify } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import pg from 'pg'
import { plainHeaders } from '../../src/platform/http/plain-headers.ts'

type Claims = { readonly sid: string; readonly gen: number }
type Row = pg.QueryResultRow

const { DATABASE_URL, PORT, HOST, ISSUER: iss, MAC_KEY = '', SIGNING_KEY = '', KID: kid } = process.env
// Keys as Node takes them fastest: a plain object around a key, or a buffer in its place, costs up to 20 µs each time.
const macKey = createSecretKey(MAC_KEY, 'hex')
const signer = Object.assign(createPrivateKey(SIGNING_KEY), { dsaEncoding: 'ieee-p1363' } as const)
const verifier = Object.assign(createPublicKey(signer), { dsaEncoding: 'ieee-p1363' } as const)
const [accessTtl, refreshTtl] = [3600, 7200]

/** Those who ask while a statement is on its way go together in the next one: no added delay, no limit to a batch. */
async function batched(name: string, text: string, lanes: number, valuesOf: (asked: Claims[]) => unknown[]) {
  const waiting: { asked: Claims; resolve: (row: Row | Promise<Row>) => void }[] = []
  const free = Array.from({ length: lanes }, () => new pg.Client({ connectionString: DATABASE_URL }))
  await Promise.all(free.map((client) => client.connect()))
  function send(): void {
    const client = waiting.length > 0 ? free.pop() : undefined
    if (!client) return
    const batch = waiting.splice(0)
    const values = valuesOf(batch.map(({ asked }) => asked))
    // With a callback: pg's promise would put each answer into the old generation (src/platform/postgres/silence.ts).
    const query = new pg.Query(text, values, (error, result) => {
      if (error) throw error
      free.push(client)
      send()
      const found = new Map(result.rows.map((row) => [row.id, row]))
      for (const { asked, resolve } of batch) resolve(found.get(asked.sid) ?? Promise.reject(new Error('it is over')))
    })
    client.query(Object.assign(query, { name }))
  }
  return (asked: Claims) =>
    new Promise<Row>((resolve) => {
      // Whoever comes in the same turn of the event loop goes along.
      if (waiting.push({ asked, resolve }) === 1) setImmediate(send)
    })
}

const find = await batched(
  'me',
  `SELECT s.id, s.user_id, (SELECT email FROM users u WHERE u.id = s.user_id) AS email FROM sessions s
   WHERE s.id = ANY((SELECT $1::uuid[])::uuid[]) AND s.revoked_at IS NULL AND s.idle_expires_at > now()`,
  1,
  (asked) => [asked.map(({ sid }) => sid)],
)
const rotate = await batched(
  'refresh',
  `UPDATE sessions s SET generation = s.generation + 1, last_used_at = $3, idle_expires_at = least($4, s.expires_at)
   FROM unnest((SELECT $1::uuid[]), (SELECT $2::int[])) AS t (id, generation)
   WHERE s.id = t.id AND s.generation = t.generation AND s.revoked_at IS NULL AND s.idle_expires_at > $3
   RETURNING s.id, s.user_id, s.generation, s.last_used_at, s.idle_expires_at, s.expires_at`,
  1,
  (asked) => {
    const idleEnd = new Date((Math.floor(Date.now() / 1000) + refreshTtl) * 1000)
    return [asked.map(({ sid }) => sid), asked.map(({ gen }) => gen), new Date(), idleEnd]
  },
)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const accessHeader = encode({ alg: 'ES256', typ: 'at+jwt', kid })
const refreshHeader = encode({ alg: 'HS256', typ: 'rt+jwt' })
const mac = (input: string) => createHmac('sha256', macKey).update(input).digest('base64url')
const seconds = (date: Date) => Math.floor(date.getTime() / 1000)

function pair({ id: sid, user_id: sub, generation: gen, last_used_at, idle_expires_at, expires_at }: Row) {
  const [iat, exp, who] = [seconds(last_used_at), seconds(idle_expires_at), { iss, aud: iss, sub }]
  const times = { iat, exp: iat + accessTtl }
  const access = `${accessHeader}.${encode({ ...who, client_id: 'latchkey', ...times, jti: randomUUID(), sid })}`
  const refresh = `${refreshHeader}.${encode({ ...who, sid, gen, iat, exp })}`
  return {
    access_token: `${access}.${sign('sha256', Buffer.from(access), signer).toString('base64url')}`,
    refresh_token: `${refresh}.${mac(refresh)}`,
    token_type: 'Bearer',
    expires_in: accessTtl,
    refresh_expires_in: exp - iat,
    session_expires_at: expires_at.toISOString(),
  }
}

function claimsIfRight({ headers }: IncomingMessage, isRight: (input: string, signature: string) => boolean): Claims {
  const [header, payload = '', signature = ''] = headers.authorization?.slice('Bearer '.length).split('.') ?? []
  if (!isRight(`${header}.${payload}`, signature)) throw new Error('a forged token')
  return JSON.parse(bytes(payload).toString())
}
const bytes = (text: string) => Buffer.from(text, 'base64url')
const isOurs = (input: string, mark: string) => mac(input) === mark
const isSigned = (input: string, mark: string) => verify('sha256', Buffer.from(input), verifier, bytes(mark))
const verified = new Map<string, { bearer: string; claims: Claims }>()
const jwks = { keys: [{ ...verifier.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] }
async function answer(request: IncomingMessage): Promise<object> {
  if (request.url === '/api/v1/auth/refresh') return pair(await rotate(claimsIfRight(request, isOurs)))
  if (request.url !== '/api/v1/users/me') return jwks
  const bearer = request.headers.authorization ?? ''
  const ending = bearer.slice(-22)
  const known = verified.get(ending)
  const claims = known?.bearer === bearer ? known.claims : claimsIfRight(request, isSigned)
  if (claims !== known?.claims) verified.set(ending, { bearer, claims })
  const { user_id, email } = await find(claims)
  return { id: Number(user_id), email }
}

const usual = { ...plainHeaders(iss ?? ''), 'cache-control': 'no-store', 'content-type': 'application/json' }
createServer(async (request, response) => {
  const [status, body] = await answer(request).then(
    (body) => [200, JSON.stringify(body)] as const,
    (error) => [401, JSON.stringify({ error: error.message })] as const,
  )
  const own = { 'x-request-id': randomUUID(), 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...usual, ...own }).end(body)
}).listen(Number(PORT), HOST)
