import { Refusal } from '../../kernel/refusal.ts'
import type { AuditEvent } from '../domain/event.ts'
import type { EventStore } from './ports.ts'

interface Deps {
  readonly events: Pick<EventStore, 'insert'>
  /** How many events a statement takes at most, and how many may wait for theirs. */
  readonly batch?: number
  readonly bound?: number
}

interface Waiting {
  readonly event: AuditEvent
  readonly settled: PromiseWithResolvers<void>
}

/**
 * Records events outside of any transaction: one statement at a time, and all that arrive meanwhile go together in the
 * next (a group commit). Whoever waits is told once their event is on record, or that its statement failed.
 *
 * @throws Refusal overloaded when too many wait already: nothing is promised that memory alone holds.
 */
export function noteEvents({ events, batch = 500, bound = 10_000 }: Deps) {
  const waiting: Waiting[] = []
  let writing: Promise<void> | null = null

  async function write(): Promise<void> {
    // What is asked for in one turn of the event loop goes together from the first statement on.
    await null
    while (waiting.length > 0) {
      const taken = waiting.splice(0, batch)
      try {
        await events.insert(
          null,
          taken.map(({ event }) => event),
        )
        for (const { settled } of taken) settled.resolve()
      } catch (error) {
        for (const { settled } of taken) settled.reject(error)
      }
    }
    writing = null
  }

  return {
    note(event: AuditEvent): Promise<void> {
      if (waiting.length >= bound) {
        return Promise.reject(new Refusal('overloaded', { because: 'too many audit events wait', retryAfter: 1 }))
      }
      const settled = Promise.withResolvers<void>()
      waiting.push({ event, settled })
      writing ??= write()
      return settled.promise
    },
    /** Resolves once nothing waits any more. */
    async settle(): Promise<void> {
      while (writing) await writing
    },
  }
}
