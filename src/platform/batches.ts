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
  /** How many may wait for their run, and the error that those beyond are answered with at once. */
  readonly waiting: number
  readonly tooMany: () => Error
  /**
   * Whether a run failed because it did not get its turn elsewhere. Those who wait would only begin to wait there as well,
   * so they are answered with the same.
   */
  readonly hadNoTurn: (error: unknown) => boolean
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number
}

interface Entry<Ask, Answer> {
  readonly ask: Ask
  readonly arrivedAt: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Has those who ask at the same moment go together. While as many runs are under way as there are lanes, whoever comes
 * waits and goes in the next one; nobody waits for company. A run that fails fails for all that are in it.
 */
export function createBatches<Ask, Answer>(options: BatchOptions<Ask, Answer>): (ask: Ask) => Promise<Answer> {
  const { run, lanes, most, patienceMs, tooLate, tooMany, hadNoTurn, now = () => performance.now() } = options
  let waiting: Entry<Ask, Answer>[] = []
  let alarm: NodeJS.Timeout | undefined
  let underWay = 0
  let gathering = false

  function turnAwayLate(): void {
    const late = waiting.findIndex(({ arrivedAt }) => now() - arrivedAt < patienceMs)
    for (const { reject } of waiting.splice(0, late === -1 ? waiting.length : late)) reject(tooLate())
  }

  /** One timer for all, since who came first is late first. It rings for nothing when that one has gone meanwhile. */
  function watch(): void {
    const [first] = waiting
    if (!first || alarm) return
    const ring = () => {
      alarm = undefined
      turnAwayLate()
      watch()
    }
    alarm = setTimeout(ring, Math.max(1, Math.ceil(first.arrivedAt + patienceMs - now()))).unref()
  }

  function send(): void {
    gathering = false
    turnAwayLate()
    while (underWay < lanes && waiting.length > 0) {
      const batch = waiting.slice(0, most)
      waiting = waiting.slice(most)
      void carry(batch)
    }
  }

  async function carry(batch: readonly Entry<Ask, Answer>[]): Promise<void> {
    underWay++
    try {
      const answers = await run(batch.map(({ ask }) => ask))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      const others = hadNoTurn(error) ? waiting.splice(0) : []
      for (const { reject } of [...batch, ...others]) reject(error)
    } finally {
      underWay--
      send()
    }
  }

  return (ask) => {
    if (waiting.length >= options.waiting) return Promise.reject(tooMany())
    return new Promise((resolve, reject) => {
      waiting.push({ ask, arrivedAt: now(), resolve, reject })
      watch()
      if (underWay >= lanes || gathering) return
      gathering = true
      // After all that has arrived in this turn of the event loop, so that it goes together.
      setImmediate(send)
    })
  }
}
