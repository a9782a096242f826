import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { nativeBcrypt } from '../../src/accounts/infrastructure/bcrypt-native.ts'
import { startService, type TestService } from '../support/service.ts'

/** How many samples of each kind, taken in turns. */
const samples = Number(process.env.TIMING_SAMPLES ?? 200)
const bcryptCost = 12
const wrong = 'not_the_password_1'
const long = 'x'.repeat(100)

/** What a failed login may be of. The first is what all others are compared with. */
const kinds = [
  'known account, wrong password',
  'unknown account',
  'disabled account',
  'unknown scheme',
  'argon2id hash',
  'argon2id hash with lanes',
  'pbkdf2 hash',
  'scrypt hash',
  'salted sum',
  'malformed hash',
  'no password set',
  'locked account, right password',
  'hash of a lower cost',
  'hash with $2y$',
  'password of more than 72 bytes',
  'empty password',
] as const
type Kind = (typeof kinds)[number]

const digest = 'A'.repeat(43)
/** Hashes of other systems, each of which takes less than one of ours. */
const imported: Readonly<Record<string, string>> = {
  'unknown scheme': '$argon3$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
  'argon2id hash': `$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$${digest}`,
  'argon2id hash with lanes': `$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$${digest}`,
  'pbkdf2 hash': `$pbkdf2-sha256$i=600000$c2FsdA$${digest}`,
  'scrypt hash': `$scrypt$ln=14,r=8,p=5$c2FsdA$${digest}`,
  'salted sum': `$ssha256$c2FsdA$${digest}`,
}

describe('failed logins', () => {
  let service: TestService
  const people = new Map<Kind, { email: string; password: string }>()
  let places = 0
  // Each from a place of its own, ten minutes later, so that no limit has a part in it.
  const logIn = (email: string, password: string) => {
    service.clock.advance(600)
    const address = `198.${18 + Math.floor(++places / 60_000)}.${Math.floor(places / 250) % 240}.${(places % 250) + 1}`
    return service.call('POST', '/api/v1/auth/login', {
      json: { email, password },
      headers: { 'x-forwarded-for': address },
    })
  }

  before(async () => {
    service = await startService({ bcryptCost, env: { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
    for (const kind of kinds) {
      if (kind === 'unknown account') {
        people.set(kind, { email: 'nobody-here@example.com', password: wrong })
        continue
      }
      const { email, password } = await service.person()
      service.clock.advance(3600)
      const right = kind.startsWith('locked')
      people.set(kind, {
        email,
        password: right ? password : kind.endsWith('72 bytes') ? long : kind.startsWith('empty') ? '' : wrong,
      })
      const change = (set: string) => service.query(`UPDATE users SET ${set} WHERE email = '${email}'`)
      const hash = nativeBcrypt.hash(password, nativeBcrypt.salt(10))
      if (kind === 'disabled account') await change('disabled_at = now()')
      if (kind in imported) await change(`password_hash = '${imported[kind]}'`)
      if (kind === 'malformed hash') await change("password_hash = 'nonsense'")
      if (kind === 'no password set') await change('password_hash = NULL')
      if (kind === 'hash of a lower cost') await change(`password_hash = '${hash}'`)
      if (kind === 'hash with $2y$') {
        const full = nativeBcrypt.hash(password, nativeBcrypt.salt(bcryptCost))
        await change(`password_hash = '${full.replace('$2b$', '$2y$')}'`)
      }
      if (right) {
        for (let failed = 0; failed < 50; failed++) await logIn(email, wrong)
      }
    }
  })
  after(() => service?.close())

  it('are the same bytes under the same headers, and take the same time, whatever is wrong', async () => {
    const times = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]))
    const answers = new Set<string>()
    const take = async (kind: Kind) => {
      const { email, password } = people.get(kind) ?? assert.fail(kind)
      // Each account starts its row of failures anew, but the locked one: what is measured is the one attempt.
      if (!kind.startsWith('locked')) await service.query('UPDATE login_streaks SET elsewhere = 0 WHERE elsewhere < 50')
      const start = performance.now()
      const { status, headers, body } = await logIn(email, password)
      const took = performance.now() - start
      const plain = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
      answers.add(JSON.stringify([status, plain, { ...body, request_id: '' }]))
      return took
    }
    for (const kind of kinds) await take(kind)
    for (let sample = 0; sample < samples; sample++) {
      for (const kind of shuffled(kinds)) times.get(kind)?.push(await take(kind))
    }
    assert.equal(answers.size, 1, [...answers].join('\n'))

    const reference = times.get(kinds[0]) ?? []
    const rows = kinds.slice(1).map((kind) => {
      const own = times.get(kind) ?? []
      return { kind, median: median(own), apart: median(own) / median(reference) - 1, p: mannWhitney(reference, own) }
    })
    console.log(`${samples} samples each; ${kinds[0]}: median ${median(reference).toFixed(2)} ms`)
    for (const { kind, median, apart, p } of rows) {
      console.log(
        `${kind.padEnd(32)} median ${median.toFixed(2)} ms, ${(apart * 100).toFixed(2)} % apart, p = ${p.toFixed(3)}`,
      )
    }
    for (const { kind, apart, p } of rows) {
      assert.ok(Math.abs(apart) < 0.05, `${kind}: ${(apart * 100).toFixed(1)} % apart`)
      // One in a hundred for all comparisons together, by Bonferroni.
      assert.ok(p > 0.01 / rows.length, `${kind}: p = ${p}`)
    }
  })

  it('would be told apart by this very test if one took two per cent longer', () => {
    const noise = () => Array.from({ length: samples }, () => 200 + 4 * gaussian())
    const [one, other] = [noise(), noise()]
    assert.ok(mannWhitney(one, one.toReversed()) > 0.99)
    assert.ok(
      mannWhitney(
        one,
        other.map((time) => time * 1.02),
      ) < 0.001,
    )
  })
})

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

const gaussian = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())

/** The two-sided p of the Mann-Whitney U test, by the normal approximation with the correction for ties. */
function mannWhitney(one: readonly number[], other: readonly number[]): number {
  const all = [...one.map((value) => ({ value, mine: true })), ...other.map((value) => ({ value, mine: false }))]
  all.sort((a, b) => a.value - b.value)
  let [ranks, ties] = [0, 0]
  for (let first = 0; first < all.length; ) {
    let next = first
    while (next < all.length && all[next]?.value === all[first]?.value) next++
    const rank = (first + 1 + next) / 2
    ranks += rank * all.slice(first, next).filter(({ mine }) => mine).length
    ties += (next - first) ** 3 - (next - first)
    first = next
  }
  const [n, m, total] = [one.length, other.length, all.length]
  const u = ranks - (n * (n + 1)) / 2
  const deviation = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))))
  return 2 * normalTail(Math.abs(u - (n * m) / 2) / deviation)
}

/** The upper tail of the standard normal distribution (Abramowitz and Stegun, 26.2.17). */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return density * series
}
