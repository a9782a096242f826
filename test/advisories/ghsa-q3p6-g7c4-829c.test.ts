// GHSA-q3p6-g7c4-829c (parse-server): one address answered every origin, though the operator had allowed some alone.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const services = [
  await startService({ env: { RATE_LIMIT: 'off', CORS_ORIGINS: 'https://app.example.com' } }),
  await startService({ env: { RATE_LIMIT: 'off' } }),
]
after(() => Promise.all(services.map((service) => service.close())))

test('no address answers an origin that is not allowed, neither with success, nor with a refusal, nor to a preflight', async () => {
  for (const service of services) {
    const { paths } = (await service.call('GET', '/api/openapi.json')).body
    const others = [
      '/nowhere',
      '/api/docs',
      '/api/docs/',
      '/api/openapi.json',
      '/api/problems',
      '/api/docs/static/index.css',
    ]
    const documented = Object.entries<object>(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/, 'x')] as const),
    )
    for (const [method, path] of [...documented, ...others.map((path) => ['GET', path] as const)]) {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': method }
      for (const asked of [method, 'OPTIONS']) {
        const answer = await service.call(asked, path, { headers })
        const names = [...answer.headers.keys()].filter((name) => name === 'access-control-allow-origin')
        assert.deepEqual(names, [], `${asked} ${path}`)
      }
    }
  }
})
