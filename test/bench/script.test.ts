import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer, Calls, Session } from '../../bench/adapter.ts'
import { adapter as latchkey } from '../../bench/adapters/latchkey.ts'
import { createScript, isAskable, mixed, wire } from '../../bench/load/script.ts'

const answer = (status: number, body = ''): Answer => ({ status, head: `HTTP/1.1 ${status}`, body })
const accounts = [
  { email: 'a@bench.example', password: 'p' },
  { email: 'b@bench.example', password: 'p' },
]
const common = { calls: latchkey.calls, host: '127.0.0.1:1602', accounts, round: 'round' }
const pair = (access: string, refresh: string) => JSON.stringify({ access_token: access, refresh_token: refresh })

describe('a script', () => {
  it('presents each refresh token once, and then its successor', () => {
    const script = createScript({ ...common, asked: 'refresh' })
    const lane = { sessions: [{ refresh: 'r0', access: 'a' }] as Session[], at: 0 }
    const first = script(lane)
    assert.match(first.bytes, /authorization: Bearer r0\r\n/)
    first.settle(answer(200, pair('a1', 'r1')))
    assert.match(script(lane).bytes, /authorization: Bearer r1\r\n/)
    assert.deepEqual(lane.sessions, [{ access: 'a1', refresh: 'r1' }])
  })

  it('asks for the sessions of a connection in turn', () => {
    const script = createScript({ ...common, asked: 'me' })
    const lane = { sessions: [{ access: 'one' }, { access: 'two' }], at: 0 }
    const asked = [script(lane), script(lane), script(lane)].map(({ bytes }) => /Bearer (\w+)/.exec(bytes)?.[1])
    assert.deepEqual(asked, ['one', 'two', 'one'])
  })

  it('refuses a wrong status, and an answer that is none in spite of its status', () => {
    const script = createScript({ ...common, asked: 'refresh' })
    const turn = script({ sessions: [{ refresh: 'r' }], at: 0 })
    assert.throws(() => turn.settle(answer(401, 'reused')), /refresh was answered 401 instead of 200: reused/)
    assert.throws(() => turn.settle(answer(200, '{}')), /no tokens/)
    const check = () => {
      throw new Error('no session')
    }
    const calls: Calls = { me: { request: () => ({ method: 'GET', path: '/' }), status: 200, check } }
    const checked = createScript({ ...common, calls, asked: 'me' })({ sessions: [{}], at: 0 })
    assert.throws(() => checked.settle(answer(200, 'null')), /no session/)
  })

  it('registers nobody twice, and lets accounts log in in turn', () => {
    const emails = (asked: 'register' | 'login') => {
      const script = createScript({ ...common, asked })
      const lane = { sessions: [], at: 0 }
      return [script(lane), script(lane), script(lane)].map(({ bytes }) => /"email":"(\S+?)"/.exec(bytes)?.[1])
    }
    assert.equal(new Set(emails('register')).size, 3)
    assert.deepEqual(emails('login'), ['a@bench.example', 'b@bench.example', 'a@bench.example'])
  })

  it('is a day of 90 me, 9 refreshes and a login in each hundred', () => {
    const kinds = Array.from({ length: 1_000 }, (_, index) => mixed(index))
    const count = (kind: string) => kinds.filter((one) => one === kind).length
    assert.deepEqual([count('me'), count('refresh'), count('login')], [900, 90, 10])
  })

  it('needs the calls of its kind', () => {
    assert.ok(isAskable(latchkey.calls, 'mix'))
    const { login: _, ...others } = latchkey.calls
    assert.ok(!isAskable(others, 'mix'))
    assert.ok(!isAskable(others, 'login'))
    assert.ok(isAskable(others, 'me'))
  })
})

describe('a request on the wire', () => {
  it('has a host, its headers, and the length of its body in bytes', () => {
    const request = { method: 'POST', path: '/p', headers: { a: 'b' }, body: '{"x":1}' } as const
    assert.equal(wire(request, 'h:1'), 'POST /p HTTP/1.1\r\nhost: h:1\r\na: b\r\ncontent-length: 7\r\n\r\n{"x":1}')
  })

  it('says that a POST has no body, and nothing of one for a GET', () => {
    assert.match(wire({ method: 'POST', path: '/' }, 'h'), /\r\ncontent-length: 0\r\n\r\n$/)
    assert.equal(wire({ method: 'GET', path: '/' }, 'h'), 'GET / HTTP/1.1\r\nhost: h\r\n\r\n')
  })
})
