import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { agesOf, cacheableFor, isIdle, type KeySchedule, planRotation } from '../../../src/keys/domain/key-schedule.ts'
import { phaseOf, type SigningKey, signerAmong } from '../../../src/keys/domain/signing-key.ts'

const schedule: KeySchedule = { interval: 1000, jwksMaxAge: 60, lead: 70, tail: 65 }
const at = (seconds: number) => new Date(seconds * 1000)

const key = (kid: string, activatesAt: number, retiresAt: number | null = null): SigningKey => ({
  kid,
  algorithm: 'ES256',
  publicJwk: {},
  createdAt: at(activatesAt - schedule.lead),
  activatesAt: at(activatesAt),
  retiresAt: retiresAt === null ? null : at(retiresAt),
})

test('the first key signs at once', () => {
  assert.deepEqual(planRotation([], at(0), schedule, 'ES256'), {
    create: { activatesAt: at(0) },
    retire: [],
    activate: null,
    remove: [],
  })
})

test('a young key is left alone until its successor has to be announced', () => {
  assert.ok(isIdle(planRotation([key('a', 0)], at(929), schedule, 'ES256')))
  assert.deepEqual(planRotation([key('a', 0)], at(930), schedule, 'ES256'), {
    create: { activatesAt: at(1000) },
    retire: [{ kid: 'a', retiresAt: at(1000) }],
    activate: null,
    remove: [],
  })
})

test('an overdue key signs on until its successor is known everywhere', () => {
  const plan = planRotation([key('a', 0)], at(5000), schedule, 'ES256')
  assert.deepEqual(plan.create, { activatesAt: at(5070) })
  assert.deepEqual(plan.retire, [{ kid: 'a', retiresAt: at(5070) }])
})

test('no second successor is made while one is announced, in a hurry neither', () => {
  const keys = [key('a', 0, 1000), key('b', 1000)]
  assert.ok(isIdle(planRotation(keys, at(950), schedule, 'ES256')))
  assert.ok(isIdle(planRotation(keys, at(950), schedule, 'ES256', true)))
})

test('another algorithm and a hurry both make the successor now, announced like any other', () => {
  for (const plan of [
    planRotation([key('a', 0)], at(10), schedule, 'EdDSA'),
    planRotation([key('a', 0)], at(10), schedule, 'ES256', true),
  ]) {
    assert.deepEqual(plan.create, { activatesAt: at(80) })
  }
})

test('a key whose successor is gone signs on, and one with a successor keeps its end', () => {
  assert.deepEqual(planRotation([key('a', 0, 1000)], at(500), schedule, 'ES256').retire, [
    { kid: 'a', retiresAt: null },
  ])
  assert.ok(isIdle(planRotation([key('a', 0, 1000), key('b', 1000)], at(500), schedule, 'ES256')))
})

test('when nothing signs, the announced key signs at once', () => {
  assert.deepEqual(planRotation([key('b', 1000)], at(950), schedule, 'ES256').activate, {
    kid: 'b',
    activatesAt: at(950),
  })
})

test('a retired key goes when the last token that it signed is dead, and not before', () => {
  const keys = [key('a', 0, 1000), key('b', 1000)]
  assert.deepEqual(planRotation(keys, at(1064), schedule, 'ES256').remove, [])
  assert.deepEqual(planRotation(keys, at(1065), schedule, 'ES256').remove, ['a'])
})

test('over years of rotations: one signer at all times, known to every copy of the JWKS, and every token verifies', () => {
  const seeds = fc.record({
    interval: fc.integer({ min: 100, max: 2000 }),
    jwksMaxAge: fc.integer({ min: 1, max: 60 }),
    life: fc.integer({ min: 1, max: 60 }),
    // How long after it is due a replica comes to look; the lead allows for some of it.
    laziness: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }),
    hurries: fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 3 }),
    withdrawals: fc.array(fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.nat(3)), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(seeds, ({ interval, jwksMaxAge, life, laziness, hurries, withdrawals }) => {
      const skew = 5
      const rules = { interval: interval + jwksMaxAge + 20, jwksMaxAge, lead: jwksMaxAge + 10, tail: life + skew }
      let keys: SigningKey[] = []
      const copies: { until: number; kids: Set<string> }[] = []
      let tokens: { until: number; kid: string }[] = []
      let made = 0
      /** Keys that signed unannounced, since nothing else could. */
      const hasty = new Set<string>()
      const apply = (now: number, hurry: boolean) => {
        const plan = planRotation(keys, at(now), rules, 'ES256', hurry)
        keys = keys
          .filter((one) => !plan.remove.includes(one.kid))
          .map((one) => {
            const retired = plan.retire.find((other) => other.kid === one.kid)
            const activated = plan.activate?.kid === one.kid ? plan.activate.activatesAt : one.activatesAt
            return { ...one, activatesAt: activated, retiresAt: retired ? retired.retiresAt : one.retiresAt }
          })
        if (plan.activate) hasty.add(plan.activate.kid)
        if (!plan.create) return
        const { activatesAt } = plan.create
        keys.push({ ...key(`k${++made}`, 0), createdAt: at(now), activatesAt })
        if (activatesAt.getTime() === now * 1000) hasty.add(`k${made}`)
      }
      for (let now = 0, look = 0; now < 4000; now++) {
        if (now >= look || hurries.includes(now)) {
          apply(now, hurries.includes(now))
          look = now + (laziness[made % laziness.length] ?? 1)
        }
        for (const [, index] of withdrawals.filter(([when]) => when === now)) {
          const withdrawn = keys[index % keys.length]
          keys = keys.filter((one) => one !== withdrawn)
          tokens = tokens.filter((token) => token.kid !== withdrawn?.kid)
          apply(now, false)
        }
        // None is forgotten: there are the signer, its successor, and the few that wait for their last tokens.
        assert.ok(keys.length <= 2 + withdrawals.length + hurries.length, `${keys.length} keys at ${now}`)
        const signer = signerAmong(keys, at(now), rules.tail)
        assert.ok(signer, `nobody signs at ${now}`)
        assert.equal(keys.filter((one) => phaseOf(one, at(now), rules.tail) === 'active').length, 1)
        // What a verifier fetched earlier and may still hold names today's signer.
        for (const copy of copies.filter((one) => one.until > now)) {
          assert.ok(copy.kids.has(signer.kid) || hasty.has(signer.kid))
        }
        // Every token that is alive was signed by a key that is still published.
        tokens.push({ until: now + life, kid: signer.kid })
        const published = new Set(
          keys.filter((one) => phaseOf(one, at(now), rules.tail) !== 'gone').map((one) => one.kid),
        )
        for (const token of tokens.filter((one) => one.until > now)) assert.ok(published.has(token.kid))
        copies.push({ until: now + cacheableFor(at(now), at(now), rules, skew), kids: published })
        while (copies[0] && copies[0].until <= now) copies.shift()
        while (tokens[0] && tokens[0].until <= now) tokens.shift()
      }
    }),
    { numRuns: 25 },
  )
})

test('a replica that has not looked for long shortens what may be kept, down to nothing', () => {
  const skew = 5
  const table: [since: number, seconds: number][] = [
    [0, 60],
    [5, 60],
    [6, 59],
    [64, 1],
    [65, 0],
    [1000, 0],
  ]
  for (const [since, seconds] of table) assert.equal(cacheableFor(at(0), at(since), schedule, skew), seconds)
})

test('the age of the key that signs, and the time until another does, follow from the schedule or from what is planned', () => {
  assert.deepEqual(agesOf([key('a', 0)], at(100), schedule), { signingFor: 100, untilNext: 900 })
  assert.deepEqual(agesOf([key('a', 0, 500), key('b', 500)], at(100), schedule), { signingFor: 100, untilNext: 400 })
  assert.deepEqual(agesOf([key('a', 0, 500), key('b', 500)], at(600), schedule), { signingFor: 100, untilNext: 900 })
  // Overdue: who tends the keys does not get to it.
  assert.deepEqual(agesOf([key('a', 0)], at(1200), schedule), { signingFor: 1200, untilNext: -200 })
  assert.equal(agesOf([key('a', 500)], at(100), schedule), null)
})
