import type { Channel } from '../channel.ts'
import { aggregate, countersOf, type Told } from './metrics.prometheus.ts'

/** What a process that is watched by another is asked, and what it answers under the same number. */
export type MetricsCall = { readonly call: number }
export type MetricsAnswer = { readonly call: number; readonly told: Told }

export type WatchersLine = Channel<MetricsCall, MetricsAnswer>
export type WatchedLine = Channel<MetricsAnswer, MetricsCall>

/** In milliseconds: who has not answered by then is taken as it was the last time. */
const patience = 2_000

/** Answers what is asked at the other end of the line. */
export function tellAt(line: WatchedLine, tell: () => Promise<Told>): void {
  line.listen(({ call }) => {
    // Who asks does without an answer that does not come.
    tell().then(
      (told) => line.send({ call, told }),
      () => undefined,
    )
  })
}

/**
 * Puts the metrics of this process and of those at the other ends of lines together. Of one that has ended what it
 * counted by the last time stays in the sums.
 */
export function createGathering(own: () => Promise<Told>) {
  const lines = new Map<WatchersLine, Told>()
  const waiting = new Map<number, () => void>()
  /** What those counted that have ended. */
  const departed: Told[] = []
  let calls = 0

  function ask(line: WatchersLine): Promise<void> {
    const call = ++calls
    return new Promise((resolve) => {
      const late = setTimeout(done, patience)
      const stop = new AbortController()
      function done() {
        clearTimeout(late)
        stop.abort()
        waiting.delete(call)
        resolve()
      }
      waiting.set(call, done)
      line.over.addEventListener('abort', done, { once: true, signal: stop.signal })
      line.send({ call })
    })
  }

  return {
    /** Has the process at the other end of the line counted as well. */
    join(line: WatchersLine): void {
      // Of what is over already, nobody tells.
      if (line.over.aborted) return
      lines.set(line, [])
      line.listen(({ call, told }) => {
        // Late or not: it is the newest that is known.
        if (lines.has(line)) lines.set(line, told)
        waiting.get(call)?.()
      })
      line.over.addEventListener('abort', () => {
        departed.push(countersOf(lines.get(line) ?? []))
        lines.delete(line)
      })
    },
    /** All metrics: in the text format of Prometheus, and as data. */
    text: async (): Promise<string> => (await whole()).metrics(),
    tell: async (): Promise<Told> => (await whole()).getMetricsAsJSON(),
  }

  async function whole() {
    const [mine] = await Promise.all([own(), ...[...lines.keys()].map(ask)])
    const all = aggregate([mine, ...lines.values(), ...departed])
    await foldDeparted()
    return all
  }

  async function foldDeparted(): Promise<void> {
    const count = departed.length
    if (count < 2) return
    const sum = await aggregate(departed).getMetricsAsJSON()
    departed.splice(0, count, sum)
  }
}
