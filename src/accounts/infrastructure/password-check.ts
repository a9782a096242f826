import { timingSafeEqual } from 'node:crypto'
import { lowestCost } from '../domain/bcrypt-hash.ts'
import { type ForeignHash, longestPasswordOf } from '../domain/foreign-hash.ts'
import { parseStoredHash } from '../domain/stored-hash.ts'
import { type Bcrypt, burn, isDistinct, type Verification, verifyPassword } from './bcrypt-hash.ts'

/** What a thread has spent until now, in milliseconds: of a core, and of the day. */
export interface Spent {
  readonly cpu: number
  readonly wall: number
}

interface Deps {
  readonly bcrypt: Bcrypt
  readonly foreignDigest: (hash: ForeignHash, password: string) => Buffer
  readonly spent: () => Spent
}

export type CheckPassword = (password: string, stored: string | null, cost: number) => Verification

/** Of how many ordinary hashes the mean of their time consists, about. */
const memory = 4

/**
 * Compares passwords with what is stored, `cost` being today's.
 *
 * Every false takes the time of one ordinary hash, whatever is stored: exactly its rounds, where bcrypt is; and with a
 * hash of others, whose work is of another kind, as many rounds more as are missing to the time that this thread's
 * own ordinary hashes have taken lately. A hash that takes longer than an ordinary one takes its own time.
 */
export function createPasswordCheck({ bcrypt, foreignDigest, spent }: Deps): CheckPassword {
  let ordinary: (Spent & { cost: number }) | null = null

  /** Learns how long an ordinary hash takes from one that was made. */
  function learn(cost: number, { cpu, wall }: Spent): void {
    const part = ordinary?.cost === cost ? 1 / memory : 1
    const before = ordinary ?? { cpu, wall }
    ordinary = { cost, cpu: before.cpu + (cpu - before.cpu) * part, wall: before.wall + (wall - before.wall) * part }
  }

  function timed<T>(work: () => T): [T, Spent] {
    const from = spent()
    const result = work()
    const to = spent()
    return [result, { cpu: to.cpu - from.cpu, wall: to.wall - from.wall }]
  }

  function checkForeign(password: string, hash: ForeignHash, cost: number): Verification {
    const fits = Buffer.byteLength(password) <= longestPasswordOf(hash)
    const [digest, took] = timed(() => foreignDigest(hash, fits ? password : ''))
    const equal = digest.length === hash.digest.length && timingSafeEqual(digest, hash.digest)
    if (equal && fits && isDistinct(password)) return { matches: true, outdated: true }
    const burned = ordinary?.cost === cost ? 0 : learnFromLittle(cost)
    if (ordinary) burnRest(cost, rest(took, hash, ordinary) - burned)
    return { matches: false, outdated: false }
  }

  /** A thread whose first job this is knows of no time yet. It learns from a small part of a hash; answers which. */
  function learnFromLittle(cost: number): number {
    const little = Math.max(lowestCost, cost - 4)
    const times = 2 ** (cost - little)
    const [, { cpu, wall }] = timed(() => burn(bcrypt, little))
    learn(cost, { cpu: cpu * times, wall: wall * times })
    return 1 / times
  }

  /** Takes that part of an ordinary hash's time. */
  function burnRest(cost: number, part: number): void {
    let rounds = part * 2 ** cost
    for (let next = cost; next >= lowestCost; next--) {
      if (rounds < 2 ** next) continue
      burn(bcrypt, next)
      rounds -= 2 ** next
    }
  }

  return (password, stored, cost) => {
    const parsed = stored === null ? null : parseStoredHash(stored)
    if (parsed !== null && typeof parsed !== 'string' && parsed.kind === 'foreign')
      return checkForeign(password, parsed, cost)
    const [verification, took] = timed(() => verifyPassword(bcrypt, password, stored, cost))
    const rounds = parsed !== null && typeof parsed !== 'string' ? parsed.cost : cost
    if (!verification.matches && rounds <= cost) learn(cost, took)
    return verification
  }
}

/**
 * Which part of an ordinary hash is still to be taken. A core's time stretches with everybody's when the machine is
 * busy, so it is what counts; but lanes are threads of their own, and there only the day's time tells.
 */
function rest(took: Spent, { numbers }: ForeignHash, ordinary: Spent): number {
  const inThreads = numbers.m > 0 && numbers.p > 1
  return Math.max(0, 1 - (inThreads ? took.wall / ordinary.wall : took.cpu / ordinary.cpu))
}
