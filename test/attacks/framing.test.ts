import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.person()

const host = 'Host: localhost'
const close = 'Connection: close'
const type = 'Content-Type: application/json'
const body = JSON.stringify({ email: person.email, password: person.password })
const length = `Content-Length: ${body.length}`
const chunked = 'Transfer-Encoding: chunked'
const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const login = 'POST /api/v1/auth/login'
const live = rawRequest('GET /health/live', [host, close])

const sessions = async () => Number((await service.query('SELECT count(*) FROM sessions'))[0]?.count)

const accepted: [what: string, request: string][] = [
  ['a length', rawRequest(login, [host, close, type, length], body)],
  ['chunks', rawRequest(login, [host, close, type, chunked], chunk)],
  [
    'chunks and a trailer',
    rawRequest(login, [host, close, type, chunked], chunk.replace(/\r\n$/, 'Authorization: x\r\n\r\n')),
  ],
  ['an empty line before it', `\r\n${rawRequest(login, [host, close, type, length], body)}`],
  ['the absolute form', rawRequest('POST http://evil.example/api/v1/auth/login', [host, close, type, length], body)],
  ['900 headers', rawRequest(login, [host, close, type, length, ...Array(900).fill('a:1')], body)],
  ['the byte 0xFF in a header', rawRequest(login, [host, close, type, length, 'User-Agent: \xff'], body)],
]

for (const [what, request] of accepted) {
  test(`a request with ${what} is answered`, async () => {
    const { answers } = await sendRaw(service.url, request)
    assert.equal(answers[0]?.status, 200, answers[0]?.text)
  })
}

const refused: [what: string, request: string][] = [
  ['a length and chunks', rawRequest(login, [host, type, length, chunked], chunk)],
  ['chunks and a length', rawRequest(login, [host, type, chunked, length], chunk)],
  [
    'a length and chunks, with a second request behind',
    rawRequest(login, [host, type, 'Content-Length: 5', chunked], `0\r\n\r\n${live}`),
  ],
  ['the same length twice', rawRequest(login, [host, type, length, length], body)],
  ['two lengths', rawRequest(login, [host, type, length, 'Content-Length: 5'], body)],
  ['a list of lengths', rawRequest(login, [host, type, `${length}, ${body.length}`], body)],
  ['a negative length', rawRequest(login, [host, type, 'Content-Length: -1'], body)],
  ['a length with a plus', rawRequest(login, [host, type, `Content-Length: +${body.length}`], body)],
  ['a hexadecimal length', rawRequest(login, [host, type, 'Content-Length: 0x10'], body)],
  ['an empty length', rawRequest(login, [host, type, 'Content-Length:'], body)],
  ['a length beyond 2^64', rawRequest(login, [host, type, 'Content-Length: 99999999999999999999999'], body)],
  ['an unknown transfer coding', rawRequest(login, [host, type, 'Transfer-Encoding: x'], chunk)],
  ['a coding after the chunks', rawRequest(login, [host, type, 'Transfer-Encoding: chunked, identity'], chunk)],
  ['a tab in the coding', rawRequest(login, [host, type, 'Transfer-Encoding:\vchunked'], chunk)],
  ['chunks in HTTP/1.0 with a length', rawRequest(login, [host, type, chunked, length], chunk).replace('1.1', '1.0')],
  ['a chunk size that is no number', rawRequest(login, [host, type, chunked], 'zz\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size beyond 2^64', rawRequest(login, [host, type, chunked], 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n')],
  ['a negative chunk size', rawRequest(login, [host, type, chunked], '-2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk longer than it says', rawRequest(login, [host, type, chunked], '2\r\n{}xx\r\n0\r\n\r\n')],
  [
    'a chunk extension of 20 000 bytes',
    rawRequest(login, [host, type, chunked], `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
  ],
  ['a folded header', rawRequest(login, [host, type, length, 'X-A: b\r\n c'], body)],
  ['a folded first header', rawRequest(login, [` ${host}`, type, length], body)],
  ['a space before a colon', rawRequest(login, [host, type, `Content-Length : ${body.length}`], body)],
  ['a header without a colon', rawRequest(login, [host, type, length, 'X-A'], body)],
  ['a header without a name', rawRequest(login, [host, type, length, ': x'], body)],
  ['a space in the name of a header', rawRequest(login, [host, type, length, 'X A: b'], body)],
  ['bare line feeds', rawRequest(login, [host, type, length], body).replaceAll('\r\n', '\n')],
  ['a bare carriage return', rawRequest(login, [host, type, length, 'X-A: b\rX-B: c'], body)],
  ['NUL in a header', rawRequest(login, [host, type, length, 'X-A: b\0c'], body)],
  ['an escape character in a header', rawRequest(login, [host, type, length, 'User-Agent: \x1b[31m'], body)],
  ['no host', rawRequest(login, [close, type, length], body)],
  ['two hosts', rawRequest(login, [host, host, close, type, length], body)],
  ['two different hosts', rawRequest(login, [host, 'Host: evil.example', close, type, length], body)],
  ['an unknown method', rawRequest('FOO /health/live', [host])],
  ['a method in lower case', rawRequest('get /health/live', [host])],
  ['the method CONNECT', rawRequest('CONNECT evil.example:443', [host])],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an unknown version', rawRequest(login, [host, type, length], body).replace('1.1', '1.9')],
  ['no version', 'GET /health/live\r\n\r\n'],
  ['a byte above 127 in its path', rawRequest('GET /health/live\xff', [host])],
  ['NUL in its path', rawRequest('GET /health\0/live', [host])],
  ['no path', rawRequest('GET', [host])],
  ['nothing of HTTP in it', 'hello\r\n\r\n'],
  ['the start of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
]

for (const [what, request] of refused) {
  test(`a request with ${what} is refused with 400, does nothing and ends the connection`, async () => {
    const before = await sessions()
    const { answers, closed } = await sendRaw(service.url, request, 2)
    assert.equal(answers.length, 1)
    assertRefused(answers[0], 400, 'malformed_request')
    assert.ok(closed)
    assert.equal(await sessions(), before)
    assert.ok(service.logLines.some((line) => line.includes(answers[0]?.body.request_id)))
  })
}

for (const [what, request] of [
  ['a header of 17 000 bytes', rawRequest('GET /health/live', [host, `X-A: ${'a'.repeat(17_000)}`])],
  ['a query of 17 000 bytes', rawRequest(`GET /health/live?${'a'.repeat(17_000)}`, [host])],
  ['a name of 17 000 bytes', rawRequest('GET /health/live', [host, `${'a'.repeat(17_000)}: x`])],
  ['2 500 headers', rawRequest('GET /health/live', [host, ...Array(2_500).fill('a:1')])],
  ['headers that never end', `GET /health/live HTTP/1.1\r\n${host}\r\n${'X-A: aaaaaaaaaaaaaaaa\r\n'.repeat(50_000)}`],
] as const) {
  test(`a request with ${what} is refused with 431 and ends the connection`, async () => {
    const { answers, closed } = await sendRaw(service.url, request)
    assertRefused(answers[0], 431, 'headers_too_large')
    assert.ok(closed)
  })
}

for (const [what, request] of [
  ['announces 99 999 999 999 bytes', rawRequest(login, [host, type, 'Content-Length: 99999999999'], '{')],
  ['brings a chunk of a megabyte', rawRequest(login, [host, type, chunked], `100000\r\n${'{'.repeat(1 << 20)}\r\n`)],
] as const) {
  test(`a request that ${what} is refused with 413 at once and ends the connection`, async () => {
    const { answers, closed } = await sendRaw(service.url, request, 2)
    assertRefused(answers[0], 413, 'body_too_large')
    assert.ok(closed)
  })
}

test('an expectation that nobody knows is refused with 417, and 100-continue is met', async () => {
  const expecting = (what: string) => rawRequest(login, [host, close, type, length, `Expect: ${what}`], body)
  assert.equal((await sendRaw(service.url, expecting('junk'))).answers[0]?.status, 417)
  const { answers } = await sendRaw(service.url, expecting('100-continue'), 2)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [100, 200],
  )
})

test('an upgrade to another protocol is not made', async () => {
  for (const protocol of ['websocket', 'h2c', 'TLS/1.3']) {
    const request = rawRequest('GET /health/live', [host, 'Connection: upgrade', `Upgrade: ${protocol}`])
    assert.equal((await sendRaw(service.url, request)).answers[0]?.status, 200)
  }
})

test('two logins in one write are answered one after the other, each with its own session', async () => {
  const wrong = JSON.stringify({ email: person.email, password: 'not the password' })
  const bad = rawRequest(
    login,
    [host, type, `Content-Length: ${wrong.length}`, `traceparent: 00-${'a'.repeat(32)}-${'1'.repeat(16)}-01`],
    wrong,
  )
  const good = rawRequest(
    login,
    [host, close, type, length, `traceparent: 00-${'b'.repeat(32)}-${'1'.repeat(16)}-01`],
    body,
  )
  const { answers } = await sendRaw(service.url, bad + good, 2)
  assertRefused(answers[0], 401, 'invalid_credentials')
  assert.equal(answers[1]?.status, 200)
  assert.deepEqual(
    answers.map(({ headers }) => headers.get('x-request-id')),
    ['a'.repeat(32), 'b'.repeat(32)],
  )
})

test('what follows a refused body on the same connection is read as what it is', async () => {
  const text = rawRequest(login, [host, 'Content-Type: text/plain', `Content-Length: ${live.length}`], live)
  const { answers } = await sendRaw(service.url, text + rawRequest('GET /health/ready', [host, close]), 3)
  assert.equal(answers.length, 2)
  assertRefused(answers[0], 415, 'unsupported_media_type')
  assert.deepEqual(answers[1]?.body, { status: 'ok' })
})

test('a client that hangs up in the middle of its body is logged as its own fault, not as the database’s', async () => {
  const id = 'c'.repeat(32)
  const trace = `traceparent: 00-${id}-${'1'.repeat(16)}-01`
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  await promisify<string>(socket.write.bind(socket))(
    rawRequest(login, [host, type, 'Content-Length: 500', trace], body),
  )
  socket.destroy()
  const lines = () => service.logLines.map((line) => JSON.parse(line)).filter(({ request_id }) => request_id === id)
  while (lines().length === 0) await sleep(20)
  for (const { level, code } of lines()) assert.deepEqual([level, code], ['info', 'malformed_request'])
})

test('after all this the service answers, and nothing of it was its own fault', async () => {
  assert.equal((await sendRaw(service.url, live)).answers[0]?.status, 200)
  const levels = service.logLines.map((line) => JSON.parse(line).level)
  assert.ok(!levels.includes('error') && !levels.includes('fatal'))
})
