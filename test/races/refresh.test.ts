import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { UserId } from '../../src/kernel/ids.ts'
import { type Answer, password } from '../support/service.ts'
import {
  type Arena,
  assertNoWinner,
  assertOneWinner,
  expect,
  type Login,
  openArena,
  outcomeOf,
  refresh,
} from './arena.ts'

const rounds = 50
const callers = 50

describe('racing refreshes, over two processes', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena()
  })
  after(() => arena[Symbol.asyncDispose]())

  it(`of ${callers} parallel refreshes of one token exactly one gets a successor, 40 times`, async () => {
    const login = await arena.session()
    let token = login.refresh
    for (let generation = login.generation + 1; generation <= 41; generation++) {
      const answers = await Promise.all(Array.from({ length: callers }, () => refresh(arena.next(), token)))
      token = assertOneWinner(answers.map(outcomeOf))
      assert.ok(answers.every(({ status }) => status === 200 || status === 401))
      assert.deepEqual(await arena.row(login), { generation, revoked: false, live: true })
    }
    expect(await refresh(arena.next(), token), 200)
  })

  it(`of two refreshes that meet at the row, one gets a successor, ${rounds} times`, async () => {
    const login = await arena.session()
    let token = login.refresh
    for (let generation = login.generation + 1; generation <= rounds + 1; generation++) {
      const call = () => refresh(arena.next(), token)
      const answers = await arena.meet(login, [call, call])
      token = assertOneWinner(answers.map(outcomeOf))
      assert.deepEqual(await arena.row(login), { generation, revoked: false, live: true })
    }
  })

  it('reports a race in no audit event, for nothing was stolen', async () => {
    const events = await arena.query(`SELECT FROM audit_events WHERE kind = 'refresh_token_reused'`)
    assert.equal(events.length, 0)
  })
})

/** A way in which a session ends, wherever it is asked for. */
interface Ending {
  readonly name: string
  /** Ends the session of `login` and tells whether it did; `other` is another login of the same person. */
  readonly end: (arena: Arena, login: Login, other: Login) => Promise<boolean>
  /** What makes the next round possible, where the end was not of one session alone. */
  readonly restore?: (arena: Arena, login: Login) => Promise<unknown>
  readonly sparesOther: boolean
}

const passwords = new Map<string, string>()

const endings: readonly Ending[] = [
  {
    name: 'its logout',
    end: async (arena, login) => done(await arena.next().call('POST', '/api/v1/auth/logout', { token: login.refresh })),
    sparesOther: true,
  },
  {
    name: 'its logout by access token',
    end: async (arena, login) => done(await arena.next().call('POST', '/api/v1/auth/logout', { token: login.access })),
    sparesOther: true,
  },
  {
    name: 'its end from another session',
    end: async (arena, login, other) =>
      done(await arena.next().call('DELETE', `/api/v1/users/me/sessions/${login.session}`, { token: other.access })),
    sparesOther: true,
  },
  {
    name: 'the end of all others from another session',
    end: async (arena, _, other) =>
      done(await arena.next().call('DELETE', '/api/v1/users/me/sessions', { token: other.access })),
    sparesOther: true,
  },
  {
    name: 'a change of password from another session',
    end: async (arena, _, other) => {
      const current_password = passwords.get(other.email) ?? password
      const new_password = `${password}_${randomUUID()}`
      const json = { current_password, new_password }
      const answer = await arena.next().call('PUT', '/api/v1/users/me/password', { token: other.access, json })
      passwords.set(other.email, new_password)
      return done(answer)
    },
    sparesOther: true,
  },
  {
    name: 'the end of its account',
    end: async (arena, { userId }) => (await arena.operator()).accounts.disable(userId as UserId),
    restore: async (arena, { userId }) => (await arena.operator()).accounts.enable(userId as UserId),
    sparesOther: false,
  },
]

const done = (answer: Answer) => expect(answer, 204).status === 204

describe('a refresh that races with the end of its session, over two processes', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena()
    await arena.operator()
  })
  after(() => arena[Symbol.asyncDispose]())

  for (const { name, end, restore, sparesOther } of endings) {
    /** One round: `send` answers what became of the refresh and of the ending, in this order. */
    const race = async (
      person: { email: string; id: number },
      send: (login: Login, calls: [() => Promise<Answer>, () => Promise<boolean>]) => Promise<[Answer, boolean]>,
    ) => {
      const [login, other] = [await arena.session(person), await arena.session(person)]
      const calls = [() => refresh(arena.next(), login.refresh), () => end(arena, login, other)] as const
      const [refreshed, ended] = await send(login, [...calls])
      assert.ok(ended)
      if (refreshed.status !== 200) expect(refreshed, 401, 'invalid_token')
      // Whoever came first, nothing of this session is alive afterwards, and no token opens it again.
      const { revoked, live } = await arena.row(login)
      assert.deepEqual({ revoked, live }, { revoked: true, live: false })
      const tokens = [login.refresh, refreshed.body.refresh_token].filter((token) => token !== undefined)
      const again = await Promise.all(tokens.map((token) => refresh(arena.next(), token)))
      assertNoWinner(again.map(outcomeOf), 'invalid_token')
      assert.equal((await arena.row(other)).live, sparesOther)
      await restore?.(arena, login)
    }

    it(`leaves no live token after ${name}, ${rounds} times at once`, async () => {
      const person = await arena.person()
      for (let round = 0; round < rounds; round++) {
        await race(person, async (_, [refreshing, ending]) => {
          // Who is asked first changes from round to round.
          if (round % 2 === 0) return Promise.all([refreshing(), ending()])
          const ended = ending()
          return Promise.all([refreshing(), ended])
        })
      }
    })

    it(`leaves no live token when it waits for the row just before ${name}`, async () => {
      await race(await arena.person(), async (login, calls) => {
        const [refreshed, ended] = await arena.meet<Answer | boolean>(login, calls)
        expect(refreshed as Answer, 200)
        return [refreshed as Answer, ended as boolean]
      })
    })

    it(`leaves no live token when it waits for the row just after ${name}`, async () => {
      await race(await arena.person(), async (login, [refreshing, ending]) => {
        const [ended, refreshed] = await arena.meet<Answer | boolean>(login, [ending, refreshing])
        assertNoWinner([outcomeOf(refreshed as Answer)], 'invalid_token')
        return [refreshed as Answer, ended as boolean]
      })
    })
  }

  it(`leaves at most one of two sessions alive that each end the other, ${rounds} times`, async () => {
    const person = await arena.person()
    for (let round = 0; round < rounds; round++) {
      const logins = [await arena.session(person), await arena.session(person)]
      const answers = await Promise.all(
        logins.map(({ access }) => arena.next().call('DELETE', '/api/v1/users/me/sessions', { token: access })),
      )
      assert.ok(answers.some(({ status }) => status === 204))
      for (const answer of answers) if (answer.status !== 204) expect(answer, 401, 'invalid_token')
      const rows = await Promise.all(logins.map(arena.row))
      assert.ok(rows.filter(({ live }) => live).length <= 1)
    }
  })

  it(`spares the session that ends all others while it refreshes itself, ${rounds} times`, async () => {
    const login = await arena.session()
    let { access, refresh: token } = login
    for (let generation = login.generation + 1; generation <= rounds + 1; generation++) {
      const [refreshed, ended] = await Promise.all([
        refresh(arena.next(), token),
        arena.next().call('DELETE', '/api/v1/users/me/sessions', { token: access }),
      ])
      expect(ended, 204)
      access = expect(refreshed, 200).body.access_token
      token = refreshed.body.refresh_token
      assert.deepEqual(await arena.row(login), { generation, revoked: false, live: true })
    }
  })
})

describe('racing refreshes under REFRESH_REUSE_POLICY=repeat, over two processes', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena({ REFRESH_REUSE_POLICY: 'repeat' })
  })
  after(() => arena[Symbol.asyncDispose]())

  it(`all ${callers} get the same successor, byte for byte, and the session advances once, 40 times`, async () => {
    const login = await arena.session()
    let token = login.refresh
    for (let generation = login.generation + 1; generation <= 41; generation++) {
      const answers = await Promise.all(Array.from({ length: callers }, () => refresh(arena.next(), token)))
      for (const answer of answers) expect(answer, 200)
      const successors = new Set<string>(answers.map(({ body }) => body.refresh_token))
      assert.equal(successors.size, 1)
      assert.ok(!successors.has(token))
      token = [...successors][0] ?? ''
      assert.deepEqual(await arena.row(login), { generation, revoked: false, live: true })
    }
  })
})
