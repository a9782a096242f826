import type { AuditEvent } from '../domain/event.ts'
import type { Audit } from './ports.ts'

interface Deps {
  readonly note: Audit['note']
  /** Of how many keys it is remembered when they were last noted. */
  readonly bound?: number
  /** How many events of one kind are noted in a minute, whatever their keys. */
  readonly perMinute?: number
}

interface Noted {
  readonly at: number
  readonly done: Promise<void>
}

/** For how many milliseconds the same is not noted again. */
const pause = 60_000

/**
 * Notes what anybody can have happen over and over: of each key once a minute, and of each kind so many in a minute, of
 * which the last says that there were more. So whoever repeats a call does not fill the disk.
 *
 * Who comes while an event is on its way waits for that one: no answer is given before it is on record.
 */
export function dampNotes({ note, bound = 10_000, perMinute = 1_000 }: Deps): Audit['noteOnce'] {
  const noted = new Map<string, Noted>()
  const minutes = new Map<string, { start: number; count: number }>()

  function countOf({ kind, at }: AuditEvent): number {
    const minute = minutes.get(kind)
    const going = minute && Math.abs(at.getTime() - minute.start) < pause
    const next = going ? { ...minute, count: minute.count + 1 } : { start: at.getTime(), count: 1 }
    minutes.set(kind, next)
    return next.count
  }

  return (key, event, whose) => {
    const at = event.at.getTime()
    const last = noted.get(key)
    if (last && Math.abs(at - last.at) < pause) return last.done
    const count = countOf(event)
    if (count > perMinute) return Promise.resolve()
    const more =
      count === perMinute ? { subject: `${event.subject ?? ''}, and more that are left out`.slice(-200) } : {}
    const told = { ...event, ...more }
    const done = whose ? whose().then((userId) => note({ ...told, userId })) : note(told)
    // Deleted first, so that the map keeps the order of the last times and what goes is the oldest.
    noted.delete(key)
    noted.set(key, { at, done })
    if (noted.size > bound) noted.delete(noted.keys().next().value as string)
    // What is not on record is tried again by the next who comes.
    done.catch(() => noted.delete(key))
    return done
  }
}
