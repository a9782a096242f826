// GHSA-vm5r-c87r-pf6x (parse-server): X-Forwarded-For was the client's address, though no trusted proxy had written it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off', TRUSTED_PROXIES: '192.0.2.1, 10.0.0.0/8' } })
after(() => service.close())

test('no header of a peer that is not trusted says whence a call comes', async () => {
  const json = await service.person()
  const headers = Object.fromEntries(
    ['x-forwarded-for', 'x-real-ip', 'x-client-ip', 'cf-connecting-ip', 'true-client-ip', 'forwarded'].map((name) => [
      name,
      name === 'forwarded' ? 'for=10.0.0.1' : '10.0.0.1',
    ]),
  )
  const { body } = await service.call('POST', '/api/v1/auth/login', { json, headers })
  const list = await service.call('GET', '/api/v1/users/me/sessions', { token: body.access_token, headers })
  assert.deepEqual(
    list.body.sessions.map(({ ip }: { ip: string }) => ip),
    ['127.0.0.1'],
  )
  await service.call('GET', '/api/v1/users/me', { token: 'x', headers })
  assert.ok(!service.logLines.some((line) => line.includes('"ip":"10.0.0.1"')))
})
