// GHSA-p6v2-xcpg-h6xw (Better Auth): the rate limit counted by the text of an address, of which one IPv6 network has 2^64 and more.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
after(() => service.close())
const attempt = async (email: string, ip: string, password = 'wrong password') =>
  service.call('POST', '/api/v1/auth/login', { json: { email, password }, headers: { 'x-forwarded-for': ip } })

test('all addresses of one IPv6 network of 64 bits, and all spellings of one address, are limited as one', async () => {
  for (const [here, elsewhere] of [
    [(n: number) => `2001:db8:1:2::${n.toString(16)}`, '2001:db8:1:3::1'],
    [(n: number) => `2001:DB8:1:2:${n}:${n}:${n}:${n}`, '2001:db8:2:2::1'],
    [
      (n: number) => ['203.0.113.9', '::ffff:203.0.113.9', '::FFFF:CB00:7109', '0:0:0:0:0:ffff:cb00:7109'][n % 4] ?? '',
      '203.0.113.10',
    ],
  ] as const) {
    const { email, password } = await service.person()
    let tries = 1
    while (tries < 100 && (await attempt(email, here(tries))).status === 401) tries++
    assert.ok(tries > 1 && tries < 100, `${tries} tries`)
    for (let n = tries + 1; n < tries + 5; n++) {
      assertRefused(await attempt(email, here(n), password), 429, 'too_many_requests')
    }
    assert.equal((await attempt(email, elsewhere, password)).status, 200)
  }
})

test('a header that no trusted proxy wrote finds no other limit to count by', async () => {
  const alone = await startService({ env: { RATE_LIMIT: 'on' } })
  try {
    const { email, password } = await alone.person()
    const tryFrom = (n: number) => {
      const ip = `198.51.100.${n}`
      const headers = { 'x-forwarded-for': ip, 'x-real-ip': ip, forwarded: `for=${ip}`, 'cf-connecting-ip': ip }
      return alone.call('POST', '/api/v1/auth/login', { json: { email, password: `${password}${n}` }, headers })
    }
    let tries = 1
    while (tries < 100 && (await tryFrom(tries)).status === 401) tries++
    assert.ok(tries > 1 && tries < 100, `${tries} tries`)
    assertRefused(await tryFrom(tries + 1), 429, 'too_many_requests')
  } finally {
    await alone.close()
  }
})
