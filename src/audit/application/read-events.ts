import type { EventFilter, RecordedEvent } from '../domain/record.ts'
import type { EventReader, EventStretch } from './ports.ts'

interface Deps {
  readonly reader: EventReader
  /** Resolves after so many milliseconds, and rejects once the signal is aborted. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

/** In events, at a time. */
const batch = 1000
/** In milliseconds: events have their place in the chain within a second. */
const interval = 500
/** Below and above every id that the database holds. */
const ends = { on: '-9223372036854775808', back: '9223372036854775807' }

export type ReadEvents = ReturnType<typeof readEvents>

/** Reads what is on record. No more than a batch is in memory, and no statement looks at more than a stretch. */
export function readEvents({ reader, pause }: Deps) {
  return {
    /** The last `count` events that the filter lets through, the oldest of them first. */
    async newest(filter: EventFilter, count: number): Promise<RecordedEvent[]> {
      const found: RecordedEvent[] = []
      for (let place: string | null = ends.back; place !== null && found.length < count; ) {
        const { events, next }: EventStretch = await reader.stretch(filter, place, 'back', count - found.length)
        found.push(...events)
        place = next
      }
      return found.toReversed()
    },

    /**
     * The events of one request, the oldest first. Looks from the newest event back; those of a request are next to each
     * other, so that no more than one stretch is looked at behind the first that is found.
     */
    async ofRequest(
      requestId: string,
      since: Date | undefined,
      onLooked: (id: string) => void = () => undefined,
    ): Promise<RecordedEvent[]> {
      const found: RecordedEvent[] = []
      const filter = { requestId, ...(since && { since }) }
      for (let place: string | null = ends.back; place !== null; ) {
        const { events, next }: EventStretch = await reader.stretch(filter, place, 'back', batch)
        const isBehind = found.length > 0
        found.push(...events)
        if (isBehind) break
        place = next
        if (place !== null) onLooked(place)
      }
      return found.toReversed()
    },

    /** All events that the filter lets through, in the order of their ids. */
    async *all(filter: EventFilter, onLooked: (id: string) => void = () => undefined): AsyncGenerator<RecordedEvent> {
      for (let place: string | null = ends.on; place !== null; ) {
        const { events, next }: EventStretch = await reader.stretch(filter, place, 'on', batch)
        yield* events
        place = next
        if (place !== null) onLooked(place)
      }
    },

    /**
     * What comes into the chain behind a place, each event once and in its order, until the signal is aborted. What waits
     * for its place comes too.
     */
    async *follow(signal: AbortSignal, from: { readonly position: string }): AsyncGenerator<RecordedEvent> {
      for (let position = from.position; !signal.aborted; ) {
        const { events, last } = await reader.chained(position, batch)
        yield* events
        if (last === position) await pause(interval, signal).catch(() => undefined)
        position = last
      }
    },

    extent: reader.extent,
  }
}
