import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { apiTypesFile, type OpenApiDocument, renderApiTypes } from '../../scripts/generate-client-types.ts'
import {
  type AuthEvent,
  type ClientOptions,
  createClient,
  localStorageTokens,
  memoryTokens,
  Refused,
  refusalCodes,
  type TokenStorage,
  type Tokens,
  Unreachable,
} from '../../src/client/index.ts'
import { faces } from '../../src/platform/http/problem.ts'
import { type Options, password, startService, type TestService } from '../support/service.ts'

type Send = typeof fetch
type Meddle = (path: string, pass: () => Promise<Response>) => Promise<Response>

/** A wire between a client and the service that counts, and on which anything may happen. */
function wire() {
  const sent: string[] = []
  const line = {
    sent,
    meddle: ((_path, pass) => pass()) as Meddle,
    count: (path: string) => sent.filter((one) => one === path).length,
    fetch: ((input, init) => {
      const path = new URL(String(input)).pathname.replace('/api/v1', '')
      sent.push(path)
      return line.meddle(path, () => fetch(input, init))
    }) as Send,
  }
  return line
}

const refresh = '/auth/refresh'
const cut = () => Promise.reject(new TypeError('fetch failed'))
const problem = (status: number, body: object, headers: Record<string, string> = {}) =>
  Promise.resolve(
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json', ...headers } }),
  )

const refused =
  (code: string, more: Partial<Refused> = {}) =>
  (error: unknown) => {
    assert.ok(error instanceof Refused, `${error}`)
    const expected = { code, ...more }
    const actual = Object.keys(expected).map((name) => [name, error[name as keyof Refused]])
    assert.deepEqual(Object.fromEntries(actual), expected)
    return true
  }

/** Lets what was begun go as far as it goes by itself. */
const settled = () => new Promise((done) => setTimeout(done, 50))

describe('the client', () => {
  let service: TestService

  before(async () => {
    service = await startService({ env: { RATE_LIMIT: 'off' } })
  })
  after(() => service?.close())

  /** A client whose clock is the service's, and what went over its wire. */
  function open(options: Partial<ClientOptions> = {}, at = service) {
    const line = wire()
    const events: AuthEvent[] = []
    const client = createClient({ url: at.url, fetch: line.fetch, now: () => at.clock().getTime(), ...options })
    client.subscribe((event) => events.push(event))
    return { client, line, events }
  }

  async function openLoggedIn(options: Partial<ClientOptions> = {}, at = service) {
    const person = await at.person()
    const opened = open(options, at)
    await opened.client.login(person)
    return { ...opened, person }
  }

  async function onOwnService(options: Options, body: (own: TestService) => Promise<void>) {
    const own = await startService({ ...options, env: { RATE_LIMIT: 'off', ...options.env } })
    try {
      await body(own)
    } finally {
      await own.close()
    }
  }

  test('registers, logs in, shows who one is and logs out', async () => {
    const { client, events } = open()
    const email = `whole-life-${process.pid}@example.com`
    const user = await client.register({ email, password })
    assert.equal(user.email, email)
    assert.equal(await client.accessToken(), null)
    await client.login({ email, password })
    assert.deepEqual(await client.me(), user)
    await client.logout()
    assert.equal(await client.accessToken(), null)
    await client.logout()
    assert.deepEqual(events, [{ kind: 'signed_in' }, { kind: 'signed_out', because: 'logged_out' }])
  })

  test('lists sessions, ends one and ends all the others', async () => {
    const { client, person } = await openLoggedIn()
    const others = await Promise.all([1, 2, 3].map(() => open()))
    for (const other of others) await other.client.login(person)
    const sessions = await client.sessions()
    assert.equal(sessions.length, 4)
    const current = await others[0]?.client.sessions()
    await client.endSession(current?.find((session) => session.current)?.id ?? '')
    assert.equal((await client.sessions()).length, 3)
    await assert.rejects(client.endSession('no/such'), refused('not_found', { status: 404 }))
    await client.endOtherSessions()
    assert.deepEqual(
      (await client.sessions()).map(({ current }) => current),
      [true],
    )
  })

  test('a session that was ended elsewhere is noticed at its next call, and told once', async () => {
    const told: string[] = []
    const { client, person, events } = await openLoggedIn({ onSignedOut: (because) => told.push(because) })
    const other = open()
    await other.client.login(person)
    await other.client.endOtherSessions()
    await assert.rejects(client.me(), refused('invalid_token', { status: 401 }))
    assert.equal(await client.accessToken(), null)
    assert.deepEqual(told, ['invalid_token'])
    assert.deepEqual(events.at(-1), { kind: 'signed_out', because: 'invalid_token' })
  })

  test('changes the password, and a wrong current one is no reason to refresh or to sign out', async () => {
    const { client, line } = await openLoggedIn()
    await assert.rejects(client.changePassword('not mine at all', 'fresh-battery-77'), refused('invalid_credentials'))
    await client.changePassword(password, 'fresh-battery-77')
    assert.equal(line.count(refresh), 0)
    assert.ok(await client.me())
  })

  test('who is signed out is refused without a call', async () => {
    const { client, line } = open()
    await assert.rejects(client.me(), refused('invalid_token', { status: 401 }))
    assert.deepEqual(line.sent, [])
  })

  describe('refusals', () => {
    test('have a code of the closed set, the status, the request id and the fields to mend', async () => {
      const { client } = open()
      const person = await service.person()
      await assert.rejects(client.register(person), refused('email_taken', { status: 409 }))
      await assert.rejects(client.login({ ...person, password: 'wrong' }), refused('invalid_credentials'))
      await assert.rejects(client.register({ email: 'nobody', password }), (error) => {
        assert.ok(error instanceof Refused)
        assert.equal(error.code, 'validation_failed')
        assert.equal(error.errors?.[0]?.field, 'email')
        assert.match(error.requestId, /^[0-9a-f]{32}$/)
        return true
      })
    })

    test('of a newer service are `unknown`, with the whole problem', async () => {
      const { client, line } = open()
      line.meddle = () => problem(418, { code: 'short_and_stout', detail: 'A teapot.' })
      await assert.rejects(
        client.login({ email: 'a@example.com', password }),
        refused('unknown', {
          status: 418,
          message: 'A teapot.',
          problem: { code: 'short_and_stout', detail: 'A teapot.' },
        }),
      )
    })

    test('of a proxy in between are `unknown`, and what cannot be read is unreachable', async () => {
      const { client, line } = open()
      line.meddle = async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'retry-after': '7' } })
      await assert.rejects(client.login({ email: 'a@example.com', password }), refused('unknown', { retryAfter: 7 }))
      line.meddle = async () => new Response('<h1>Welcome to our Wi-Fi</h1>')
      await assert.rejects(client.login({ email: 'a@example.com', password }), Unreachable)
    })

    test('the list of codes is the one of the service', () => {
      assert.deepEqual([...refusalCodes], Object.keys(faces))
    })
  })

  describe('refresh', () => {
    test('comes before the end of the access token, and not a moment sooner', async () => {
      const { client, line, events } = await openLoggedIn()
      const first = await client.accessToken()
      service.clock.advance(49)
      assert.equal(await client.accessToken(), first)
      assert.equal(line.count(refresh), 0)
      service.clock.advance(1)
      assert.notEqual(await client.accessToken(), first)
      assert.equal(line.count(refresh), 1)
      assert.deepEqual(events.at(-1), { kind: 'refreshed' })
    })

    test('is one for any number of calls at once', async () => {
      const { client, line } = await openLoggedIn()
      service.clock.advance(61)
      const answers = await Promise.all(Array.from({ length: 50 }, () => client.me()))
      assert.equal(new Set(answers.map(({ id }) => id)).size, 1)
      assert.equal(line.count(refresh), 1)
      assert.equal(line.count('/users/me'), 50)
    })

    for (const [hours, name] of [
      [3, 'ahead of'],
      [-3, 'behind'],
    ] as const) {
      test(`counts from when the tokens came: a clock ${name} the service's changes nothing`, async () => {
        const now = () => service.clock().getTime() + hours * 3_600_000
        const { client, line } = await openLoggedIn({ now })
        await client.me()
        service.clock.advance(40)
        await client.me()
        assert.equal(line.count(refresh), 0)
        service.clock.advance(15)
        await client.me()
        assert.equal(line.count(refresh), 1)
      })
    }

    test('follows a clock that is set back', async () => {
      let shift = 0
      const { client, line } = await openLoggedIn({ now: () => service.clock().getTime() + shift })
      shift = -86_400_000
      await client.me()
      await client.me()
      assert.equal(line.count(refresh), 1)
    })

    test('of an expired session signs out, and says why', async () => {
      const { client, events } = await openLoggedIn()
      service.clock.advance(301)
      assert.equal(await client.accessToken(), null)
      await settled()
      assert.deepEqual(events.at(-1), { kind: 'signed_out', because: 'token_expired' })
    })

    test('that cannot reach the service is tried again, told at last, and is no sign-out', async () => {
      const { client, line, events } = await openLoggedIn()
      service.clock.advance(61)
      line.meddle = cut
      await assert.rejects(client.me(), Unreachable)
      assert.equal(line.count(refresh), 3)
      line.meddle = (_path, pass) => pass()
      service.clock.advance(1)
      assert.ok(await client.me())
      assert.ok(events.every(({ kind }) => kind !== 'signed_out'))
    })

    test('waits as long as `Retry-After` says where that is soon', async () => {
      const { client, line } = await openLoggedIn()
      service.clock.advance(61)
      const times: number[] = []
      line.meddle = (path, pass) => {
        if (path !== refresh) return pass()
        times.push(performance.now())
        return times.length > 1 ? pass() : problem(503, { code: 'database_unavailable' }, { 'retry-after': '1' })
      }
      assert.ok(await client.me())
      assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990)
    })

    test('is not asked for again before a `Retry-After` that is far', async () => {
      const { client, line } = await openLoggedIn()
      service.clock.advance(61)
      line.meddle = () => problem(429, { code: 'too_many_requests' }, { 'retry-after': '60' })
      for (let i = 0; i < 5; i++) {
        await assert.rejects(client.me(), refused('too_many_requests', { status: 429, retryAfter: 60 }))
      }
      assert.equal(line.count(refresh), 1)
      line.meddle = (_path, pass) => pass()
      service.clock.advance(60)
      assert.ok(await client.me())
    })

    test('that fails while the access token still lives stops no call', async () => {
      const { client, line } = await openLoggedIn()
      service.clock.advance(55)
      line.meddle = (path, pass) => (path === refresh ? cut() : pass())
      assert.ok(await client.me())
      assert.ok(await client.me())
      assert.equal(line.count(refresh), 3)
    })

    for (const [name, answer] of [
      ['a 401 of something in between', () => problem(401, { message: 'Log in to the proxy.' })],
      ['a page in place of tokens', async () => new Response('<h1>Welcome to our Wi-Fi</h1>')],
      ['an empty answer', async () => new Response('{}')],
    ] as const) {
      test(`${name} signs nobody out`, async () => {
        const { client, line } = await openLoggedIn()
        service.clock.advance(61)
        line.meddle = answer
        await assert.rejects(client.me())
        line.meddle = (_path, pass) => pass()
        service.clock.advance(1)
        assert.ok(await client.me())
      })
    }

    /** Has a refresh on its way while something else happens, and lets it come back afterwards. */
    async function duringRefresh({ client, line }: ReturnType<typeof open>, meanwhile: () => Promise<void>) {
      service.clock.advance(61)
      let letThrough = () => {}
      const gate = new Promise<void>((done) => {
        letThrough = done
      })
      line.meddle = async (path, pass) => {
        const answer = await pass()
        if (path === refresh) await gate
        return answer
      }
      const waiting = client.accessToken()
      await settled()
      const done = meanwhile()
      await settled()
      letThrough()
      await done
      line.meddle = (_path, pass) => pass()
      return waiting
    }

    test('does not undo a sign-out that came while it was on its way', async () => {
      const opened = await openLoggedIn()
      assert.equal(await duringRefresh(opened, () => opened.client.logout()), null)
      await settled()
      assert.deepEqual(opened.events, [{ kind: 'signed_in' }, { kind: 'signed_out', because: 'logged_out' }])
    })

    test('does not undo a login that came while it was on its way', async () => {
      const opened = await openLoggedIn()
      const other = await service.person()
      await duringRefresh(opened, () => opened.client.login(other))
      assert.equal((await opened.client.me()).email, other.email)
    })
  })

  describe('an answer that got lost', () => {
    const loseOne = (line: ReturnType<typeof wire>) => {
      let lost = false
      line.meddle = async (path, pass) => {
        const answer = await pass()
        if (path !== refresh || lost) return answer
        lost = true
        return cut()
      }
    }

    test('is given once more where the policy is to repeat, and nobody notices', async () => {
      await onOwnService({ env: { REFRESH_REUSE_POLICY: 'repeat' } }, async (own) => {
        const { client, line, events } = await openLoggedIn({}, own)
        own.clock.advance(61)
        loseOne(line)
        assert.ok(await client.me())
        assert.equal(line.count(refresh), 2)
        own.clock.advance(61)
        assert.ok(await client.me())
        assert.ok(events.every(({ kind }) => kind !== 'signed_out'))
      })
    })

    test('is a sign-out where the policy is to refuse, and the session is ended for whoever has the successor', async () => {
      const { client, line, events, person } = await openLoggedIn()
      service.clock.advance(61)
      loseOne(line)
      assert.equal(await client.accessToken(), null)
      await settled()
      assert.deepEqual(events.at(-1), { kind: 'signed_out', because: 'refresh_token_reused' })
      await client.login(person)
      assert.equal((await client.sessions()).length, 1)
    })
  })

  describe('two clients that share one storage, without locks between them', () => {
    const shared = (): TokenStorage => {
      let kept: string | null = null
      const later = () => new Promise((done) => setTimeout(done, 5))
      return {
        get: async () => later().then(() => JSON.parse(kept ?? 'null') as Tokens | null),
        set: async (tokens) => {
          await later()
          kept = JSON.stringify(tokens)
        },
        clear: async () => {
          await later()
          kept = null
        },
      }
    }

    for (const policy of ['refuse', 'repeat']) {
      test(`both live on when they refresh at once: ${policy}`, async () => {
        await onOwnService({ env: { REFRESH_REUSE_POLICY: policy } }, async (own) => {
          const storage = shared()
          const first = await openLoggedIn({ storage }, own)
          const second = open({ storage }, own)
          assert.ok(await second.client.me())
          for (let round = 0; round < 5; round++) {
            own.clock.advance(61)
            await Promise.all([first.client.me(), second.client.me()])
          }
          const events = [...first.events, ...second.events]
          assert.ok(events.every(({ kind }) => kind !== 'signed_out'))
        })
      })
    }

    test('what one does, the other knows', async () => {
      const storage = shared()
      const first = await openLoggedIn({ storage })
      const second = open({ storage })
      assert.ok(await second.client.me())
      await first.client.logout()
      assert.equal(await second.client.accessToken(), null)
      await settled()
      assert.equal(second.events.at(-1)?.kind, 'signed_out')
    })
  })

  describe('a call that is refused for its access token', () => {
    test('is repeated once, with a new one', async () => {
      const { client, line } = await openLoggedIn({ now: () => 0 })
      service.clock.advance(61)
      assert.ok(await client.me())
      assert.deepEqual(line.sent.slice(1), ['/users/me', refresh, '/users/me'])
    })

    test('is not repeated a second time', async () => {
      const { client, line } = await openLoggedIn()
      line.meddle = (path, pass) => (path === '/users/me' ? problem(401, { code: 'invalid_token' }) : pass())
      await assert.rejects(client.me(), refused('invalid_token'))
      assert.equal(line.count('/users/me'), 2)
      assert.equal(line.count(refresh), 1)
    })
  })

  describe('log-out', () => {
    test('signs out here even when the service cannot be reached, and says that it did not hear', async () => {
      const { client, line, events } = await openLoggedIn()
      line.meddle = cut
      await assert.rejects(client.logout(), Unreachable)
      assert.equal(await client.accessToken(), null)
      assert.deepEqual(events.at(-1), { kind: 'signed_out', because: 'logged_out' })
    })

    test('of a session that is over is none the worse', async () => {
      const { client } = await openLoggedIn()
      service.clock.advance(301)
      await client.logout()
    })
  })

  describe('fetch', () => {
    interface Api {
      readonly origin: string
      readonly seen: { authorization: string | undefined; body: string }[]
      readonly close: () => Promise<unknown>
    }

    async function listen(answer: RequestListener): Promise<Api> {
      const seen: Api['seen'] = []
      const server = createServer(async (request, response) => {
        seen.push({ authorization: request.headers.authorization, body: await textOf(request) })
        answer(request, response)
      })
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      const { port } = server.address() as AddressInfo
      const close = () => new Promise((done) => server.close(done).closeAllConnections())
      return { origin: `http://127.0.0.1:${port}`, seen, close }
    }

    async function textOf(request: IncomingMessage): Promise<string> {
      let text = ''
      for await (const chunk of request) text += chunk
      return text
    }

    let own: Api
    let foreign: Api
    const challenges: Record<string, string> = {
      '/token': 'Bearer realm="api", error="invalid_token"',
      '/scope': 'Bearer error="insufficient_scope"',
      '/basic': 'Basic realm="api"',
    }

    before(async () => {
      foreign = await listen((_request, response) => response.end())
      own = await listen((request, response) => {
        const { pathname } = new URL(request.url ?? '', 'http://own')
        if (pathname === '/elsewhere') return response.writeHead(307, { location: foreign.origin }).end()
        if (pathname === '/problem') {
          response.writeHead(401, { 'content-type': 'application/problem+json' })
          return response.end('{"code":"token_expired"}')
        }
        const challenge = challenges[pathname]
        return response.writeHead(challenge ? 401 : 200, challenge ? { 'www-authenticate': challenge } : {}).end()
      })
    })
    after(() => Promise.all([own?.close(), foreign?.close()]))

    const openWithApi = async (options: Partial<ClientOptions> = {}) => {
      const opened = await openLoggedIn({ origins: [own.origin], fetch, ...options })
      own.seen.length = 0
      foreign.seen.length = 0
      return opened
    }
    const tokens = (api: Api) => api.seen.map(({ authorization }) => authorization !== undefined)

    test('gives the token to the service and to the origins that the app allows', async () => {
      const { client } = await openWithApi()
      const token = await client.accessToken()
      await client.fetch(`${own.origin}/orders`)
      await client.fetch(new URL('/orders', own.origin), { method: 'POST', body: 'one' })
      await client.fetch(new Request(`${own.origin}/orders`, { method: 'POST', body: 'two' }))
      assert.deepEqual(own.seen, [
        { authorization: `Bearer ${token}`, body: '' },
        { authorization: `Bearer ${token}`, body: 'one' },
        { authorization: `Bearer ${token}`, body: 'two' },
      ])
      assert.equal((await client.fetch(`${service.url}/api/v1/users/me`)).status, 200)
    })

    test('gives no token to any other origin, however alike', async () => {
      const { client } = await openWithApi()
      await client.fetch(foreign.origin)
      await client.fetch(new Request(foreign.origin))
      assert.deepEqual(tokens(foreign), [false, false])

      const asked: (string | null)[] = []
      const recording = await openLoggedIn({
        origins: ['https://api.example.com'],
        fetch: ((input, init) => {
          if (String(input).startsWith(service.url)) return fetch(input, init)
          asked.push(new Headers(init?.headers).get('authorization'))
          return Promise.resolve(new Response())
        }) as Send,
      })
      for (const url of [
        'http://api.example.com/',
        'https://api.example.com:8443/',
        'https://api.example.com.evil.example/',
        'https://api.example.com@evil.example/',
        'https://evil.example/https://api.example.com/',
        'https://evil.example\\@api.example.com/',
        'https://xapi.example.com/',
        'blob:https://api.example.com/7c1c7f4e',
        'data:text/plain,https://api.example.com',
      ]) {
        await recording.client.fetch(url)
      }
      assert.ok(asked.length === 9 && asked.every((token) => token === null))
      await recording.client.fetch('https://API.example.com:443/orders')
      assert.match(asked.at(-1) ?? '', /^Bearer /)
    })

    test('follows no redirect to another origin with the token', async () => {
      const { client } = await openWithApi()
      await client.fetch(`${own.origin}/elsewhere`)
      assert.deepEqual([tokens(own), tokens(foreign)], [[true], [false]])
    })

    test('leaves alone an Authorization header that the app has set, and sends none for who is signed out', async () => {
      const { client } = await openWithApi()
      await client.fetch(`${own.origin}/token`, { headers: { authorization: 'Basic eDp5' } })
      await client.logout()
      await client.fetch(`${own.origin}/token`)
      assert.deepEqual(
        own.seen.map(({ authorization }) => authorization),
        ['Basic eDp5', undefined],
      )
    })

    for (const path of ['/token', '/problem']) {
      test(`repeats once what is refused for its token: ${path}`, async () => {
        const { client } = await openWithApi()
        const response = await client.fetch(own.origin + path, { method: 'PUT', body: 'again' })
        assert.equal(response.status, 401)
        await response.text()
        assert.equal(own.seen.length, 2)
        assert.notEqual(own.seen[0]?.authorization, own.seen[1]?.authorization)
        assert.deepEqual(
          own.seen.map(({ body }) => body),
          ['again', 'again'],
        )
      })
    }

    test('repeats nothing that is refused for another reason', async () => {
      const { client } = await openWithApi()
      for (const path of ['/scope', '/basic']) assert.equal((await client.fetch(own.origin + path)).status, 401)
      assert.equal(own.seen.length, 2)
    })

    test('repeats no body that can be read but once', async () => {
      const { client } = await openWithApi()
      const stream = new Blob(['once']).stream()
      const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit
      assert.equal((await client.fetch(`${own.origin}/token`, init)).status, 401)
      await client.fetch(new Request(`${own.origin}/token`, { method: 'POST', body: 'once' }))
      assert.deepEqual(
        own.seen.map(({ body }) => body),
        ['once', 'once'],
      )
      await client.fetch(new Request(`${own.origin}/token`))
      assert.equal(own.seen.length, 4)
    })

    test('takes exact origins alone', () => {
      for (const origin of ['https://api.example.com/', 'https://api.example.com/v1', '*', 'null', 'api.example.com']) {
        assert.throws(() => createClient({ url: service.url, origins: [origin] }), TypeError, origin)
      }
    })
  })

  describe('storage', () => {
    test('that is given the tokens back after a restart goes on where it was', async () => {
      const storage = memoryTokens()
      const { client } = await openLoggedIn({ storage })
      const next = open({ storage })
      assert.equal(await next.client.accessToken(), await client.accessToken())
    })

    test('that is slow ends with the newest of what it was given', async () => {
      const storage = memoryTokens()
      const slow: TokenStorage = {
        ...storage,
        set: async (tokens) => {
          await settled()
          storage.set(tokens)
        },
      }
      const { client } = await openLoggedIn({ storage: slow })
      service.clock.advance(61)
      const out = new Promise<void>((done) => {
        client.subscribe(({ kind }) => kind === 'refreshed' && done(client.logout()))
      })
      await Promise.all([client.accessToken(), out])
      assert.equal(await storage.get(), null)
    })

    test('in localStorage falls back to memory where the browser forbids it, and takes no nonsense', async () => {
      const kept = new Map<string, string>()
      let forbidden = false
      const stand = (work: () => string | null | undefined) => {
        if (forbidden) throw new Error('SecurityError')
        return work()
      }
      const original = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
      Object.defineProperty(globalThis, 'localStorage', {
        configurable: true,
        value: {
          getItem: (key: string) => stand(() => kept.get(key) ?? null),
          setItem: (key: string, value: string) => void stand(() => void kept.set(key, value)),
          removeItem: (key: string) => void stand(() => void kept.delete(key)),
        },
      })
      try {
        const { client } = await openLoggedIn({ storage: localStorageTokens() })
        assert.equal(kept.size, 1)
        assert.ok(await client.me())
        await client.logout()
        assert.equal(kept.size, 0)
        for (const nonsense of ['{', '{}', '7', 'null', '[]']) {
          kept.set('latchkey', nonsense)
          assert.equal(await open({ storage: localStorageTokens() }).client.accessToken(), null)
        }
        forbidden = true
        const inMemory = await openLoggedIn({ storage: localStorageTokens() })
        assert.ok(await inMemory.client.me())
        await inMemory.client.logout()
        assert.equal(await inMemory.client.accessToken(), null)
      } finally {
        if (original) Object.defineProperty(globalThis, 'localStorage', original)
      }
    })
  })

  test('its types are those of the OpenAPI document: if not, run `node scripts/generate-client-types.ts`', async () => {
    const document = (await service.service.document()) as OpenApiDocument
    assert.equal(readFileSync(apiTypesFile, 'utf8'), renderApiTypes(document))
  })
})
