import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type BareServer, startBareServer } from '../support/bare-server.ts'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const [direct, behind, both] = await Promise.all([
  startBareServer(),
  startBareServer({ trustedProxies: ['127.0.0.1', '10.0.0.0/8'] }),
  startBareServer({ host: '::', trustedProxies: ['127.0.0.0/8'] }),
])
after(() => Promise.all([direct.close(), behind.close(), both.close()]))

const ask = async ({ url }: Pick<BareServer, 'url'>, line: string, headers: readonly string[]) =>
  (await sendRaw(url, rawRequest(line, ['Host: localhost', 'Connection: close', ...headers]))).answers[0]
const whence = async (server: BareServer, ...headers: string[]) => (await ask(server, 'GET /whence', headers))?.body.ip

const claims = [
  ...['Forwarded: for=198.51.100.1', 'X-Real-IP: 198.51.100.1', 'X-Client-IP: 198.51.100.1', 'Via: 1.1 198.51.100.1'],
  ...['CF-Connecting-IP: 198.51.100.1', 'True-Client-IP: 198.51.100.1', 'X-Cluster-Client-IP: 198.51.100.1'],
  ...['X-Forwarded: 198.51.100.1', 'Forwarded-For: 198.51.100.1', 'X-Originating-IP: 198.51.100.1'],
  ...['Fastly-Client-IP: 198.51.100.1', 'X-Remote-IP: 198.51.100.1', 'X-ProxyUser-Ip: 198.51.100.1'],
  ...['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 1'],
  ...['X_Forwarded_For: 198.51.100.1', 'X-Forwarded-For2: 198.51.100.1'],
]

for (const claim of claims) {
  test(`the header ${claim} changes nothing, whoever sends it`, async () => {
    for (const server of [direct, behind]) {
      assert.equal(await whence(server, claim), '127.0.0.1')
      assert.equal(await whence(server, claim, claim), '127.0.0.1')
    }
    assert.equal(await whence(behind, claim, 'X-Forwarded-For: 203.0.113.5'), '203.0.113.5')
  })
}

test('without trusted proxies X-Forwarded-For changes nothing', async () => {
  for (const value of ['198.51.100.1', '127.0.0.1', '::1', '198.51.100.1, 10.0.0.1', 'garbage', '', ',']) {
    assert.equal(await whence(direct, `X-Forwarded-For: ${value}`), '127.0.0.1')
  }
})

test('several X-Forwarded-For headers are one list in their order', async () => {
  const header = (...values: string[]) => values.map((value) => `x-FORWARDED-for: ${value}`)
  assert.equal(await whence(behind, ...header('198.51.100.1', '203.0.113.5')), '203.0.113.5')
  assert.equal(await whence(behind, ...header('203.0.113.5', '10.1.1.1, 10.2.2.2', '10.3.3.3')), '203.0.113.5')
  assert.equal(await whence(behind, ...header('198.51.100.1', '203.0.113.5', '', ' ')), '203.0.113.5')
})

test('what a client writes behind its own address never moves it, for the proxy writes last', async () => {
  for (const made of ['10.0.0.1', '127.0.0.1', 'garbage', '\xff', '1.1.1.1:80', '"10.0.0.1"', ',,,', '[::1]']) {
    assert.equal(await whence(behind, `X-Forwarded-For: ${made}, 203.0.113.5`), '203.0.113.5')
    assert.equal(await whence(behind, `X-Forwarded-For: ${made}`, 'X-Forwarded-For: 203.0.113.5'), '203.0.113.5')
  }
})

test('a thousand hops are read, and ten thousand are refused for their length', async () => {
  const hops = (count: number) => `X-Forwarded-For: ${Array(count).fill('10.0.0.1').join(',')},203.0.113.5`
  assert.equal(await whence(behind, hops(1_000)), '203.0.113.5')
  assertRefused(await ask(behind, 'GET /whence', [hops(10_000)]), 431, 'headers_too_large')
})

test('a peer that comes as IPv4 through a socket of IPv6 is the same peer', async () => {
  const { port } = new URL(both.url)
  const url = `http://127.0.0.1:${port}`
  const answer = await ask({ url }, 'GET /whence', ['X-Forwarded-For: ::ffff:203.0.113.5'])
  assert.equal(answer?.body.ip, '203.0.113.5')
})

test('behind a trusted proxy the log has the client’s address, and never what is no address', async () => {
  const from = behind.lines().length
  await ask(behind, 'GET /nowhere', ['X-Forwarded-For: 198.51.100.1, 203.0.113.5'])
  await ask(behind, 'GET /nowhere', ['X-Forwarded-For: 203.0.113.5, <script>'])
  await ask(behind, 'GET /%', ['X-Forwarded-For: 203.0.113.5'])
  assert.deepEqual(
    behind
      .lines()
      .slice(from)
      .map(({ ip }) => ip),
    ['203.0.113.5', '127.0.0.1', '203.0.113.5'],
  )
})

test('a session behind a trusted proxy shows the client’s address, and no header moves a link', async () => {
  const service = await startService({ env: { RATE_LIMIT: 'off', TRUSTED_PROXIES: '127.0.0.1' } })
  try {
    const json = await service.person()
    const headers = { 'x-forwarded-for': '198.51.100.1, 2001:DB8:0::1', 'x-forwarded-host': 'evil.example' }
    const login = await service.call('POST', '/api/v1/auth/login', { json, headers })
    const token = login.body.access_token
    const { body } = await service.call('GET', '/api/v1/users/me/sessions', { token })
    assert.equal(body.sessions[0].ip, '2001:db8::1')
    for (const path of ['/.well-known/oauth-authorization-server', '/api/openapi.json', '/api/docs', '/nowhere']) {
      const answer = await service.call('GET', path, { headers: { ...headers, 'x-forwarded-proto': 'evil' } })
      assert.ok(!`${[...answer.headers]} ${answer.text}`.includes('evil'), path)
    }
  } finally {
    await service.close()
  }
})

const notices = (server: BareServer) => server.lines().filter(({ msg }) => String(msg).includes('TRUSTED_PROXIES'))

for (const [what, line, header] of [
  ['is answered', 'GET /whence', 'X-Forwarded-For: 198.51.100.1'],
  ['is to nowhere', 'GET /nowhere', 'X-Real-IP: 198.51.100.1'],
  ['has an address that cannot be read', 'GET /%', 'Forwarded: for=198.51.100.1'],
  ['has a method that is not allowed', 'DELETE /whence', 'X-Forwarded-For: '],
] as const) {
  test(`the first request that bears a forwarding header and ${what} has one line say what to set`, async () => {
    const server = await startBareServer({ trustedProxies: ['192.0.2.1'] })
    try {
      await ask(server, line, [])
      assert.equal(notices(server).length, 0)
      for (let time = 0; time < 3; time++) {
        for (const one of [header, 'X-Forwarded-For: 203.0.113.5', 'X-Real-IP: x']) await ask(server, line, [one])
      }
      const [notice, ...more] = notices(server)
      assert.deepEqual(more, [])
      assert.deepEqual([notice?.level, notice?.peer], ['warn', '127.0.0.1'])
      assert.match(String(notice?.msg), /127\.0\.0\.1.*TRUSTED_PROXIES/)
      assert.ok(!JSON.stringify(notice).includes('198.51'))
    } finally {
      await server.close()
    }
  })
}

test('a trusted proxy’s headers need no such line', () => assert.deepEqual(notices(behind), []))
