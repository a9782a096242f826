// GHSA-cvw9-c57h-3397 (ZITADEL): sessions that knew no user agent were in everybody's list of their own sessions.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decode } from '../support/forge.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { type Person, startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

/** A login by a client that says nothing of itself. */
async function loginWithoutName(json: Person): Promise<string> {
  const body = JSON.stringify(json)
  const headers = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${body.length}`]
  const { answers } = await sendRaw(service.url, rawRequest('POST /api/v1/auth/login', headers, body))
  return answers[0]?.body.access_token
}

test("a list of sessions holds the person's own and no other, whatever is not known of a session", async () => {
  const [one, other] = [await service.person(), await service.person()]
  const tokens = [await loginWithoutName(one), await loginWithoutName(other), await loginWithoutName(one)]
  await service.query('UPDATE sessions SET ip = NULL')
  const listed = async (token = '') => {
    const { body } = await service.call('GET', '/api/v1/users/me/sessions', { token })
    return body.sessions
  }
  const ids = tokens.map((token) => decode(token).claims.sid)
  const own = await listed(tokens[0])
  assert.deepEqual(new Set(own.map(({ id }: { id: string }) => id)), new Set([ids[0], ids[2]]))
  for (const { user_agent, ip } of own) assert.deepEqual([user_agent, ip], [null, null])
  assert.deepEqual(
    (await listed(tokens[1])).map(({ id }: { id: string }) => id),
    [ids[1]],
  )
})
