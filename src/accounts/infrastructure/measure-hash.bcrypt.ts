import { Secret } from '../../kernel/secret.ts'
import { createPasswordHasher } from './password-hasher.bcrypt.ts'

const times = 3

/**
 * How long one hash of that cost takes on this machine, in milliseconds: the shortest of three, since others only make
 * it longer.
 */
export async function measureHash(cost: number): Promise<number> {
  await using hasher = createPasswordHasher({ cost, workers: 1, deadlineMs: 60_000 })
  let shortest = Number.POSITIVE_INFINITY
  for (let time = 0; time < times; time++) {
    const before = performance.now()
    await hasher.hash(new Secret('as long as many are'))
    shortest = Math.min(shortest, performance.now() - before)
  }
  return shortest
}
