import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeProtectedHeader } from 'jose'
import { compose, type Service } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import { createLog } from '../../src/platform/log.ts'
import { processEnv } from '../support/processes.ts'
import { type Arena, expect, openArena, refresh } from './arena.ts'

const turns = 2_000
const atOnce = 8
/** One turn in so many is a login: it is their hashes that take the time, and it is the keys that matter here. */
const loginEvery = 10
/** Milliseconds between a visitor's turns. */
const pause = 120
/** Keys are announced for eleven seconds, on everybody's real clock. */
const env = { JWKS_MAX_AGE: '1s', KEY_ROTATION_INTERVAL: '1h' }

type Pair = { access_token: string; refresh_token: string }

const kidOf = (token: string) => String(decodeProtectedHeader(token).kid)

describe('keys that rotate and are withdrawn under load, over two processes', () => {
  let arena: Arena
  let operator: Service
  before(async () => {
    arena = await openArena(env)
    const config = parseConfig({ ...processEnv, ...env, DATABASE_URL: arena.database.url })
    operator = await compose(config, { log: createLog('silent') })
  })
  after(async () => {
    await operator.close()
    await arena[Symbol.asyncDispose]()
  })

  it('refuse no valid token, fail no request, and no session needs a new login', async (t) => {
    const people = await Promise.all(Array.from({ length: 40 }, () => arena.person()))
    const withdrawn = new Set<string>()
    const signers: string[] = []
    let done = 0
    let logins = 0
    let operated = false

    const me = async (token: string) => {
      const answer = await arena.next().call('GET', '/api/v1/users/me', { token })
      if (answer.status === 200) return
      // Only what was withdrawn is refused; a replica may have signed with it for the second that it takes to know.
      assert.equal(answer.status, 401, answer.text)
      assert.ok(withdrawn.has(kidOf(token)), `a token of a key that was not withdrawn was refused: ${answer.text}`)
    }
    const note = (token: string) => {
      const kid = kidOf(token)
      if (signers.at(-1) !== kid && !signers.includes(kid)) signers.push(kid)
    }
    const logIn = async (turn: number): Promise<Pair> => {
      const { email, password } = people[turn % people.length] ?? assert.fail()
      logins++
      return expect(await arena.next().call('POST', '/api/v1/auth/login', { json: { email, password } }), 200).body
    }
    const visitor = async () => {
      let pair = await logIn(done)
      while (done < turns || !operated) {
        const turn = done++
        pair =
          turn % loginEvery === 0
            ? await logIn(turn)
            : expect(await refresh(arena.next(), pair.refresh_token), 200).body
        note(pair.access_token)
        await me(pair.access_token)
        // No faster than it takes to rotate three times: more of the same would show nothing more.
        await delay(pause)
      }
    }
    const operate = async () => {
      while (signers.length === 0) await delay(10)
      for (let rotation = 1; rotation <= 3; rotation++) {
        const before = signers.length
        await operator.keys.rotate()
        while (signers.length === before) await delay(100)
      }
      const kid = String(signers.at(-1))
      withdrawn.add(kid)
      const before = signers.length
      await operator.keys.withdraw(kid)
      while (signers.length === before) await delay(10)
      await delay(2_000)
      for (const process of arena.processes) {
        const { keys } = (await process.call('GET', '/.well-known/jwks.json')).body
        assert.ok(!keys.some((key: { kid: string }) => key.kid === kid), 'a withdrawn key is still published')
      }
      operated = true
    }
    // A session that began under the first key lives through all of it.
    const veteran = await arena.session(people[0])
    await Promise.all([operate(), ...Array.from({ length: atOnce }, visitor)])

    const pair = expect(await refresh(arena.next(), veteran.refresh), 200).body
    for (const process of arena.processes) {
      expect(await process.call('GET', '/api/v1/users/me', { token: pair.access_token }), 200)
    }
    assert.equal(signers.length, 5, 'the first key, three rotations, and one after the withdrawal')
    const events = await arena.query(`SELECT FROM audit_events WHERE kind = 'key_created'`)
    assert.equal(events.length, 5, 'of three replicas one has made each key')
    t.diagnostic(`${logins} logins, ${done} calls of me, nine in ten after a refresh, ${signers.length} keys`)
  })
})
