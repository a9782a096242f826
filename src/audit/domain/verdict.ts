import { type Fault, faults } from './inspection.ts'

export type Verdict =
  | {
      readonly kind: 'intact'
      readonly events: number
      /** The positions of the first and the last event in the chain. */
      readonly first: number
      readonly last: number
      /** Events that wait for their place in the chain. */
      readonly unsealed: number
      /** Events at the end of the chain that no checkpoint covers yet. */
      readonly unsigned: number
      /** Events whose personal data were erased. */
      readonly erased: number
      readonly checkpoints: number
      readonly unknownKeys: number
      /** Whether the rows were pruned that the checkpoint which was given speaks of. */
      readonly givenIsPruned: boolean
    }
  | ({ readonly kind: 'broken' } & Fault)
  /** The checkpoint that was given is under a key that is no longer known: it proves nothing, for or against. */
  | { readonly kind: 'unverified' }

/** A verdict in the words that an operator reads. */
export function describeVerdict(verdict: Verdict): string {
  if (verdict.kind === 'unverified') {
    return 'Nothing was verified: the checkpoint that was given was signed under a key that is no longer known. Give a later one.'
  }
  if (verdict.kind === 'broken') {
    const { position, eventId, checkpoint, what } = verdict
    const place = [
      position !== undefined && `position ${position}`,
      eventId !== undefined && `event ${eventId}`,
      checkpoint !== undefined && `checkpoint ${checkpoint}`,
    ].filter((part) => part !== false)
    return `The audit log is broken${place.length > 0 ? ` at ${place.join(', ')}` : ''}: ${faults[what]}.`
  }
  const { events, first, last, unsealed, unsigned, erased, checkpoints, unknownKeys, givenIsPruned } = verdict
  const where = events === 0 ? '' : `, positions ${first} to ${last}`
  return [
    `${events} events${where}, intact; ${unsealed} not yet sealed.`,
    `${checkpoints} checkpoints; ${unsigned} events after the last one.`,
    erased > 0 && `Personal data of ${erased} events were erased.`,
    unknownKeys > 0 &&
      `${unknownKeys} checkpoints are under a key that is no longer known; the newest one covers them.`,
    givenIsPruned && 'What the given checkpoint speaks of was pruned since.',
  ]
    .filter((sentence) => sentence !== false)
    .join('\n')
}
