// GHSA-8r88-6cj9-9fh5 (Supabase auth-js): an id went into the path of a call as it was, and could lead to another call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '../../src/client/index.ts'

test('an id that is a path, a query or an address stays one segment of the path that the client calls', async () => {
  const called: string[] = []
  const client = createClient({
    url: 'https://auth.example.com',
    fetch: async (input, init) => {
      const url = new URL(String(input))
      called.push(`${init?.method} ${url.origin}${url.pathname}${url.search}${url.hash}`)
      if (url.pathname.endsWith('/login')) {
        return Response.json({ access_token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: 60 })
      }
      return new Response(null, { status: 204 })
    },
  })
  await client.login({ email: 'a@example.com', password: 'x' })
  const own = 'DELETE https://auth.example.com/api/v1/users/me/sessions/'
  for (const id of [
    '../../me',
    '..%2f..',
    '/..//x',
    '?x=1',
    '#x',
    '\\..\\..',
    'a/b',
    'https://evil.example',
    '%2e%2e',
    '@x',
  ]) {
    called.length = 0
    await client.endSession(id)
    assert.equal(called.length, 1)
    const segment = (called[0] ?? '').slice(own.length)
    assert.ok(called[0]?.startsWith(own) && segment !== '' && !/[/?#\\]/.test(segment), called[0])
  }
  called.length = 0
  for (const id of ['', '.', '..']) await assert.rejects(client.endSession(id), { message: 'this is no id' })
  assert.deepEqual(called, [])
})
