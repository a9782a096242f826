import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createClient, memoryTokens, Refused, Unreachable } from '../../src/client/index.ts'
import { TokenRefused } from '../../src/verify/index.ts'
import { createSigner, createStand, goodClaims, noon, part } from '../verify/issuer.ts'
import { jsonText, near, nearObject, nearTo } from './mutate.ts'
import { type Property, property } from './property.ts'

const signer = await createSigner()
const token = await signer.token()
const keySet = JSON.stringify({ keys: [signer.jwk] })

/** Refused as the kit promises, with no word of the token in what a log would show. */
function assertRefused(error: unknown, of: string): void {
  assert.ok(error instanceof TokenRefused, `${error}`)
  assert.ok([401, 503].includes(error.status))
  const [, payload = ''] = of.split('.')
  if (payload.length > 8) assert.ok(!`${error.message} ${JSON.stringify(error.headers)}`.includes(payload))
}

/** An answer over HTTP as somebody between could have changed it. */
const answerNear = (...bodies: readonly string[]) =>
  fc.record({
    status: fc.oneof(
      { weight: 3, arbitrary: fc.constant(200) },
      fc.constantFrom(204, 302, 400, 401, 403, 429, 500, 503),
    ),
    body: fc.oneof(near(...bodies), ...bodies.map((body) => nearObject(JSON.parse(body))), jsonText, fc.constant('')),
    type: fc.constantFrom(
      'application/json',
      'application/problem+json',
      'text/html',
      'application/json; charset=utf-16',
    ),
    caching: nearTo(fc.constantFrom('public, max-age=600', 'no-store', 'max-age=-1', 'max-age=999999999')),
    retryAfter: nearTo(fc.constantFrom('0', '1', 'Wed, 21 Oct 2026 07:28:00 GMT')),
  })

interface Canned {
  readonly status: number
  readonly body: string
  readonly type: string
  readonly caching: string
  readonly retryAfter: string
}

function responseOf({ status, body, type, caching, retryAfter }: Canned): Response {
  const legal = (text: string) => text.replaceAll(/[^ -~]/g, '').trim()
  const headers = { 'content-type': type, 'cache-control': legal(caching), 'retry-after': legal(retryAfter) }
  return new Response(status === 204 ? null : body, { status, headers })
}

const pair = JSON.stringify({
  access_token: 'a.b.c',
  refresh_token: 'd.e.f',
  token_type: 'Bearer',
  expires_in: 60,
  refresh_expires_in: 300,
  session_expires_at: '2026-12-22T15:00:00.000Z',
})
const problem = JSON.stringify({
  type: 'x#invalid_token',
  title: 'No',
  status: 401,
  detail: 'No.',
  code: 'invalid_token',
  request_id: '0',
})
const sessions = JSON.stringify({ sessions: [] })
const credentials = { email: 'a@example.com', password: 'your_password_123' }

const isOfTheKit = (error: unknown) => error instanceof Refused || error instanceof Unreachable

export const kits: readonly Property[] = [
  property(
    'the verify kit accepts no text but a token that was issued, and throws nothing but its refusal',
    near(token),
    async (text) => {
      const { verify } = createStand([signer])
      await verify(text).then(
        () => assert.equal(text, token),
        (error) => {
          assert.notEqual(text, token)
          assertRefused(error, text)
        },
      )
    },
    500,
  ),

  property(
    'the verify kit judges claims under the right key by themselves alone',
    fc.record({
      claims: nearObject(goodClaims()),
      header: nearObject({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid }),
    }),
    async ({ claims, header }) => {
      const { verify } = createStand([signer])
      const input = `${part(header)}.${part(claims)}`
      const text = `${input}.${(await signer.sign(input)).toString('base64url')}`
      await verify(text).then(
        (accepted) => {
          const { alg, typ, kid, crit } = JSON.parse(header)
          assert.deepEqual([alg, kid, crit, `${typ}`.toLowerCase()], ['ES256', signer.kid, undefined, 'at+jwt'])
          assert.equal(Object.getPrototypeOf(accepted), null)
          const { iss, aud, iat, exp } = accepted
          assert.deepEqual([iss, [aud].flat().includes(iss)], [goodClaims().iss, true])
          assert.ok(exp > iat && iat <= noon + 5 && exp > noon - 5 && [iat, exp].every(Number.isSafeInteger))
        },
        (error) => assertRefused(error, text),
      )
    },
    500,
  ),

  property(
    'the verify kit takes any answer for a key set or none, and throws nothing but its refusal',
    answerNear(keySet, JSON.stringify(signer.jwk)),
    async (answer) => {
      const stand = createStand([signer])
      stand.answer = () => responseOf(answer)
      await stand.verify(token).then(
        (claims) => {
          assert.equal(answer.status, 200)
          assert.deepEqual({ ...claims }, goodClaims())
        },
        (error) => assertRefused(error, token),
      )
    },
    500,
  ),

  property(
    'the client kit keeps the tokens of an answer that holds some, and of any other says that it was none',
    answerNear(pair, problem),
    async (answer) => {
      const storage = memoryTokens()
      const client = createClient({
        url: 'http://latchkey.test',
        storage,
        tabs: false,
        fetch: async () => responseOf(answer),
      })
      const failure = await client.login(credentials).then(
        () => null,
        (error) => error,
      )
      const kept = await storage.get()
      assert.equal(kept === null, failure !== null)
      if (failure !== null) return assert.ok(isOfTheKit(failure), `${failure}`)
      assert.deepEqual(
        [typeof kept?.accessToken, typeof kept?.refreshToken, typeof kept?.expiresIn],
        ['string', 'string', 'number'],
      )
    },
    500,
  ),

  property(
    'the client kit makes of every other answer what it says or a failure of its own, and nothing else',
    answerNear(sessions, problem, '{"id":1,"email":"a@example.com"}'),
    async (answer) => {
      const now = () => noon * 1000
      const storage = memoryTokens()
      await storage.set({ accessToken: 'a', refreshToken: 'r', obtainedAt: now(), expiresIn: 600, login: 1, turn: 1 })
      // A refresh that is refused too, so that nothing is tried again later.
      const send: typeof fetch = async (input) =>
        String(input).endsWith('/refresh') ? responseOf({ ...answer, status: 401, body: problem }) : responseOf(answer)
      const client = createClient({ url: 'http://latchkey.test', storage, tabs: false, now, fetch: send })
      for (const call of [
        () => client.me(),
        () => client.sessions(),
        () => client.endSession('x'),
        () => client.register(credentials),
      ]) {
        await call().catch((error: unknown) => {
          assert.ok(isOfTheKit(error), `${error instanceof Error ? error.stack : error}`)
        })
      }
    },
    300,
  ),
]
