import { type BinaryFuseFilter, placeOf, slotBytes } from '../src/accounts/infrastructure/binary-fuse-filter.ts'

/**
 * Builds the filter that knows `words`, each of which is there once. The same words in any order give the same bytes.
 *
 * Thomas Mueller Graf and Daniel Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters" (2022), of which this
 * takes the three slots in neighbouring segments and the sizes: about 1.17 slots for each of 100 000 words.
 */
export function buildFilter(words: readonly string[]): BinaryFuseFilter {
  const count = words.length
  const segmentLength = 2 ** Math.floor(Math.log(count) / Math.log(3.33) + 2.25)
  const slotsWanted = count * Math.max(1.125, 0.875 + (0.25 * Math.log(1e6)) / Math.log(count))
  const segments = Math.max(3, Math.ceil(slotsWanted / segmentLength))
  for (let seed = 0; seed < 100; seed++) {
    const slots = fill(words, { seed, segmentLength, segments })
    if (slots) return { seed, segmentLength, segments, slots }
  }
  throw new Error('the words do not fit: is one of them there twice?')
}

/**
 * Takes away, again and again, a word that has a slot for itself. In the reverse order each such slot is still free to
 * be set so that its word's three give the fingerprint. Null when words are left that share all their slots.
 */
function fill(words: readonly string[], shape: Omit<BinaryFuseFilter, 'slots'>): Buffer | null {
  const places = words.map((word) => placeOf(word, shape))
  const users = Array.from({ length: shape.segments * shape.segmentLength }, () => new Set<Place>())
  for (const place of places) for (const slot of place.slots) users[slot]?.add(place)

  const alone = [...users.keys()]
  const taken: { slot: number; place: Place }[] = []
  for (let slot = alone.pop(); slot !== undefined; slot = alone.pop()) {
    const [place, ...others] = users[slot] ?? []
    if (!place || others.length > 0) continue
    taken.push({ slot, place })
    for (const other of place.slots) users[other]?.delete(place)
    alone.push(...place.slots)
  }
  if (taken.length < words.length) return null

  const slots = Buffer.alloc(users.length * slotBytes)
  for (const { slot, place } of taken.reverse()) {
    const read = (rest: number, other: number) => rest ^ slots.readUIntBE(other * slotBytes, slotBytes)
    slots.writeUIntBE(place.slots.reduce(read, place.fingerprint), slot * slotBytes, slotBytes)
  }
  return slots
}

type Place = ReturnType<typeof placeOf>
