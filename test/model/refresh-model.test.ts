import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explore, tell } from './explore.ts'
import { invariants } from './invariants.ts'
import { type Machine, machine, type Rules, type Service } from './refresh-model.ts'

const seconds = 1000
const policies = ['refuse', 'repeat'] as const
const depth = Number(process.env.MODEL_DEPTH ?? 14)

const lives = { window: 10 * seconds, refreshTtl: 300 * seconds, accessTtl: 60 * seconds }
const ages = { 'its end far away': 30 * 86_400 * seconds, 'its end near': 320 * seconds }
// Within the window, exactly to its end, almost to a refresh token's end, and exactly to it.
const waits = [4, 10, 290, 300].map((wait) => wait * seconds)

describe('the contract of refreshing, in every interleaving', () => {
  for (const policy of policies) {
    for (const [where, maxAge] of Object.entries(ages)) {
      it(`holds under ${policy} for a session with ${where}, up to ${depth} actions`, (t) => {
        const {
          states,
          steps,
          depth: reached,
          violation,
        } = explore(machine({ ...lives, policy, maxAge }), {
          depth,
          waits,
        })
        t.diagnostic(`${states} states visited, ${steps} steps, depth ${reached}`)
        assert.equal(violation, null, violation ? `${violation.names}: ${tell(violation.trace)}` : '')
      })
    }

    it(`holds under ${policy} for ever: when lives are a few seconds, no state is left to visit`, (t) => {
      const short = { window: 3 * seconds, refreshTtl: 8 * seconds, accessTtl: 4 * seconds, maxAge: 20 * seconds }
      const { states, steps, depth, complete, violation } = explore(machine({ ...short, policy }), {
        depth: Number.POSITIVE_INFINITY,
        waits: [seconds],
      })
      t.diagnostic(`${states} states visited, ${steps} steps, depth ${depth}, complete`)
      assert.equal(violation, null, violation ? `${violation.names}: ${tell(violation.trace)}` : '')
      assert.ok(complete)
    })
  }
})

/** A machine that answers one question wrongly, and an invariant that has to notice. */
interface Flaw {
  readonly flaw: string
  readonly answers: (rules: Rules) => Partial<Machine>
  readonly breaks: keyof typeof invariants
  readonly under?: Rules['policy']
}

const onlyRemembered = (service: Service): Service => ({ ...service, remembersRevoked: true })
const remembering = { isOver: ({ row, remembersRevoked }: Service) => row.revoked || remembersRevoked }

const flaws: readonly Flaw[] = [
  {
    flaw: 'the update has no guard on the generation',
    answers: () => ({ isCurrent: () => true }),
    breaks: 'a token has one successor, and a repeated answer is that one',
  },
  {
    flaw: 'the update has no guard on the generation',
    answers: () => ({ isCurrent: () => true }),
    breaks: 'at most one token is current',
    under: 'repeat',
  },
  {
    flaw: 'a repeated answer is a new successor beside the first',
    answers: ({ refreshTtl }) => ({ again: (row, now) => ({ generation: row.generation, exp: now + refreshTtl }) }),
    breaks: 'at most one token is current',
    under: 'repeat',
  },
  {
    flaw: 'a repeat advances the session',
    answers: () => ({
      afterRace: ({ row, ...rest }) => ({ ...rest, row: { ...row, generation: row.generation + 1 } }),
    }),
    breaks: 'the generation grows by one with a new successor, and never otherwise',
  },
  {
    flaw: 'a lost answer takes the session back a generation',
    answers: () => ({
      afterRace: ({ row, ...rest }) => ({ ...rest, row: { ...row, generation: row.generation - 1 } }),
    }),
    breaks: 'the generation grows by one with a new successor, and never otherwise',
  },
  {
    flaw: 'a race is taken for a theft',
    answers: () => ({ isRaced: () => false }),
    breaks: 'a race or a lost answer ends no session',
  },
  {
    flaw: 'a race is taken for a theft',
    answers: () => ({ isRaced: () => false }),
    breaks: 'a race or a lost answer is answered by the policy',
    under: 'repeat',
  },
  {
    flaw: 'the window slides with every repeat',
    answers: () => ({ afterRace: (service, now) => ({ ...service, row: { ...service.row, usedAt: now } }) }),
    breaks: 'a stolen token ends the session',
  },
  {
    flaw: 'the window never closes',
    answers: () => ({ isRaced: (row, token) => token.generation === row.generation - 1 }),
    breaks: 'a stolen token ends the session',
  },
  {
    flaw: 'the window is open at its very end',
    answers: ({ window }) => ({
      isRaced: (row, token, now) => token.generation === row.generation - 1 && now - row.usedAt <= window,
    }),
    breaks: 'a stolen token ends the session',
  },
  {
    flaw: 'a grandparent passes for a race',
    answers: ({ window }) => ({
      isRaced: (row, token, now) => token.generation < row.generation && now - row.usedAt < window,
    }),
    breaks: 'a stolen token ends the session',
  },
  {
    flaw: 'a reuse is refused and nothing more',
    answers: () => ({ afterReuse: (service) => service }),
    breaks: 'a stolen token ends the session',
  },
  {
    flaw: 'a revocation is not asked for',
    answers: () => ({ isOver: () => false }),
    breaks: 'a session that is over never comes back',
  },
  {
    flaw: 'a revocation after a reuse is only remembered by the process',
    answers: () => ({ ...remembering, afterReuse: onlyRemembered }),
    breaks: 'a session that is over never comes back',
  },
  {
    flaw: 'a logout is only remembered by the process',
    answers: () => ({ ...remembering, afterLogout: onlyRemembered }),
    breaks: 'a session that is over never comes back',
  },
  {
    flaw: 'a restart writes what it remembers over the row',
    answers: () => ({
      afterRestart: ({ row }) => ({ row: { ...row, generation: 0 }, remembersRevoked: false }),
    }),
    breaks: 'time and restarts change no row',
  },
  {
    flaw: "no token but a login's is ever exchanged",
    answers: () => ({ isCurrent: (row, token) => token.generation === row.generation && row.generation === 0 }),
    breaks: 'the newest token is honoured until its end',
  },
  {
    flaw: 'the end of a token is not looked at',
    answers: () => ({ isExpired: () => false }),
    breaks: 'an expired token changes nothing',
  },
  {
    flaw: 'a token lives on in the second of its end',
    answers: () => ({ isExpired: (token, now) => now > token.exp }),
    breaks: 'an expired token changes nothing',
  },
  {
    flaw: 'a refresh moves the absolute end',
    answers: ({ refreshTtl }) => ({
      advanced: (row, now) => ({ ...row, generation: row.generation + 1, usedAt: now, idleEnd: now + refreshTtl }),
    }),
    breaks: 'no refresh moves the absolute end, and nothing outlives it',
  },
  {
    flaw: 'a logout ends nothing',
    answers: () => ({ afterLogout: (service) => service }),
    breaks: 'who logs out is out',
  },
  {
    flaw: 'ending the others ends all',
    answers: () => ({ afterEndingOthers: (service) => ({ ...service, row: { ...service.row, revoked: true } }) }),
    breaks: 'ending the others spares the session that asks',
  },
  {
    flaw: 'ending the others forgets one',
    answers: () => ({ afterBeingEnded: (service) => service }),
    breaks: 'a session that another one ends is over',
  },
]

describe('the invariants can fail', () => {
  for (const { flaw, answers, breaks, under = 'refuse' } of flaws) {
    it(`notices under ${under} that ${flaw}`, (t) => {
      const rules: Rules = { ...lives, policy: under, maxAge: ages['its end near'] }
      const { violation } = explore(machine(rules, answers(rules)), { depth: 8, waits })
      assert.ok(violation, 'no invariant noticed')
      t.diagnostic(tell(violation.trace))
      assert.ok(violation.names.includes(String(breaks)), `noticed by others alone: ${violation.names}`)
    })
  }

  it('each invariant by a flaw of its own', () => {
    assert.deepEqual(
      Object.keys(invariants).filter((name) => !flaws.some(({ breaks }) => breaks === name)),
      [],
    )
  })
})
