import { readCommonForm } from './common-forms.ts'
import { memoryOfForeign } from './foreign-hash.ts'
import { parseStoredHash, roundsOf, type Unusable } from './stored-hash.ts'

export type HashVerdict =
  | {
      readonly kind: 'accepted'
      /** What is stored: the hash's one canonical text. */
      readonly stored: string
      readonly scheme: string
      /** Whether checking it takes longer than a hash of today's cost, by which an observer can tell the account. */
      readonly dearer: boolean
      /** In bytes, for as long as it is checked. */
      readonly memory: number
    }
  | { readonly kind: 'refused'; readonly because: Unusable }

export type AcceptHash = (hash: string) => HashVerdict

/**
 * Judges a hash that another system made, in our form or in one of those that are common.
 *
 * @param cost today's, as the logarithm of bcrypt's rounds.
 */
export const acceptHash =
  (cost: number): AcceptHash =>
  (hash) => {
    const common = hash.length <= longestText ? readCommonForm(hash) : null
    const stored = common ?? hash
    const parsed = parseStoredHash(stored)
    if (typeof parsed === 'string') return { kind: 'refused', because: parsed }
    return {
      kind: 'accepted',
      stored,
      scheme: parsed.scheme,
      dearer: roundsOf(parsed) > 2 ** cost,
      memory: parsed.kind === 'foreign' ? memoryOfForeign(parsed) : 0,
    }
  }

/** In characters: far above any hash. */
const longestText = 2048
