import { hash } from 'node:crypto'

/** A set of words of which only fingerprints are kept: it knows all of its own, and takes one in 2^24 of all others. */
export interface BinaryFuseFilter {
  /** Goes into each hash. Another one is taken when the words do not fit into the slots. */
  readonly seed: number
  /** The slots lie in segments of this length, a power of 2; a word's three slots are in three that follow each other. */
  readonly segmentLength: number
  readonly segments: number
  /** Three bytes for each slot. */
  readonly slots: Buffer
}

type Shape = Omit<BinaryFuseFilter, 'slots'>

/** The length of a fingerprint and of a slot. */
export const slotBytes = 3

/** Which three slots belong to a word, and its fingerprint: the exclusive or of them where the word is in the set. */
export function placeOf(word: string, { seed, segmentLength, segments }: Shape) {
  const digest = hash('sha256', `${seed}:${word}`, 'buffer')
  const first = Math.floor((digest.readUInt32BE(0) / 2 ** 32) * (segments - 2) * segmentLength)
  const within = segmentLength - 1
  return {
    slots: [
      first,
      (first + segmentLength) ^ (digest.readUInt32BE(4) & within),
      (first + 2 * segmentLength) ^ (digest.readUInt32BE(8) & within),
    ] as const,
    fingerprint: digest.readUIntBE(12, slotBytes),
  }
}

/** Whether the word is in the set. A yes is wrong for one in 2^24 of the words that are not; a no is never wrong. */
export function has(filter: BinaryFuseFilter, word: string): boolean {
  const { slots, fingerprint } = placeOf(word, filter)
  return slots.reduce((rest, slot) => rest ^ filter.slots.readUIntBE(slot * slotBytes, slotBytes), fingerprint) === 0
}
