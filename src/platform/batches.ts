import { createDeadlineQueue, type Waiter } from './deadline-queue.ts'

export interface BatchOptions<Ask, Answer> {
  /** Does all that was asked at once, and answers in the order of the asks. */
  readonly run: (asks: readonly Ask[]) => Promise<readonly Answer[]>
  /** How many runs may be under way at a time. */
  readonly lanes: number
  /** How many asks go together at most. */
  readonly most: number
  /** How long an ask may wait for its run, in milliseconds, and the error that it is then answered with. */
  readonly patienceMs: number
  readonly tooLate: () => Error
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number
}

interface Entry<Ask, Answer> extends Waiter, PromiseWithResolvers<Answer> {
  readonly ask: Ask
}

/**
 * Has those who ask at the same moment go together. While as many runs are under way as there are lanes, whoever comes
 * waits and goes in the next one; nobody waits for company. A run that fails fails for all that are in it.
 */
export function createBatches<Ask, Answer>(options: BatchOptions<Ask, Answer>): (ask: Ask) => Promise<Answer> {
  const { run, lanes, most, patienceMs, tooLate, now = () => performance.now() } = options
  const waiting = createDeadlineQueue<Entry<Ask, Answer>>(patienceMs, now, ({ reject }) => reject(tooLate()))
  let underWay = 0
  let gathering = false

  function take(): Entry<Ask, Answer>[] {
    const batch: Entry<Ask, Answer>[] = []
    for (let next = waiting.next(); next; next = batch.length < most ? waiting.next() : undefined) batch.push(next)
    return batch
  }

  function send(): void {
    gathering = false
    while (underWay < lanes && waiting.length > 0) {
      const batch = take()
      if (batch.length > 0) void carry(batch)
    }
  }

  async function carry(batch: readonly Entry<Ask, Answer>[]): Promise<void> {
    underWay++
    try {
      const answers = await run(batch.map(({ ask }) => ask))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      underWay--
      send()
    }
  }

  return (ask) => {
    const entry = { ask, work: 1, arrivedAt: now(), ...Promise.withResolvers<Answer>() }
    waiting.add(entry)
    if (underWay < lanes && !gathering) {
      gathering = true
      // After all that has arrived in this turn of the event loop, so that it goes together.
      setImmediate(send)
    }
    return entry.promise
  }
}
