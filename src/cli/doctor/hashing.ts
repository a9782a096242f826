import { type Finding, found, ok } from './finding.ts'

/** In milliseconds: long for who guesses, short for who logs in. */
const wanted = 250
const costs = { lowest: 10, highest: 15 }
/** In milliseconds at most, and at least. */
const slow = 1000
const fast = 60

/** Measures at the lowest cost, since each further one takes twice as long. */
export async function lookAtHashing(
  config: { readonly bcryptCost: number; readonly hashDeadline: number },
  measure: (cost: number) => Promise<number>,
): Promise<Finding[]> {
  return judgeHashing(await measure(costs.lowest), config)
}

/** The cost whose hashes take nearest to 250 ms here. */
export const suggestedCost = (atLowest: number): number =>
  Math.max(costs.lowest, Math.min(costs.highest, costs.lowest + Math.round(Math.log2(wanted / atLowest))))

/** @param atLowest how long a hash takes at cost 10, in milliseconds. */
export function judgeHashing(
  atLowest: number,
  { bcryptCost, hashDeadline }: { readonly bcryptCost: number; readonly hashDeadline: number },
): Finding[] {
  const takes = Math.round(atLowest * 2 ** (bcryptCost - costs.lowest))
  const suggested = suggestedCost(atLowest)
  const time = `A hash of cost ${bcryptCost} takes ${takes} ms here, one core alone; cost ${suggested} is nearest to ${wanted} ms.`
  const mend = `BCRYPT_COST=${suggested}`
  if (takes > hashDeadline * 1000) {
    return [
      found('error', 'hashing', time, 'That is longer than HASH_DEADLINE: every login is answered overloaded.', mend),
    ]
  }
  if (takes > slow) {
    return [
      found('warning', 'hashing', time, 'People wait for each login, and few logins a second fill the machine.', mend),
    ]
  }
  if (takes < fast && suggested > bcryptCost) {
    return [
      found(
        'warning',
        'hashing',
        time,
        'Whoever steals the hashes guesses as fast. Old ones are renewed at login.',
        mend,
      ),
    ]
  }
  return [suggested === bcryptCost ? ok('hashing', time) : found('note', 'hashing', time, 'Both are sound.', mend)]
}
