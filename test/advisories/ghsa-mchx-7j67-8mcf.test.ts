// GHSA-mchx-7j67-8mcf (Casdoor): an origin was allowed when it began like an allowed one, and anybody can have such a name.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const origin = 'https://app.example.com'
const service = await startService({ env: { RATE_LIMIT: 'off', CORS_ORIGINS: `${origin}, http://localhost:5173` } })
after(() => service.close())

test('an origin is allowed as a whole: none that begins, ends or looks like an allowed one is', async () => {
  const alike = [
    ...[
      `${origin}.evil.example`,
      `${origin}:8443`,
      `${origin}@evil.example`,
      `${origin}/`,
      `${origin}, https://evil.example`,
    ],
    ...[
      'https://evilapp.example.com',
      'https://evil.app.example.com',
      'http://app.example.com',
      'https://app.example.com.',
    ],
    ...[
      'https://appXexample.com',
      'https://example.com',
      'https://APP.example.com',
      'app.example.com',
      'null',
      '*',
      'file://',
    ],
    ...['http://localhost:51730', 'http://localhost', 'http://localhost:5173.evil.example'],
  ]
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
  for (const [method, more] of [
    ['GET', {}],
    ['OPTIONS', preflight],
  ] as const) {
    for (const from of alike) {
      const { headers } = await service.call(method, '/.well-known/jwks.json', { headers: { origin: from, ...more } })
      assert.equal(headers.get('access-control-allow-origin'), null, `${method} from ${from}`)
    }
    const { headers } = await service.call(method, '/.well-known/jwks.json', { headers: { origin, ...more } })
    assert.equal(headers.get('access-control-allow-origin'), origin)
    assert.equal(headers.get('access-control-allow-credentials'), null)
    assert.match(headers.get('vary') ?? '', /\bOrigin\b/i)
  }
})
