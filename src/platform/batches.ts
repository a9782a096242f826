export interface BatchOptions<Ask, Answer> {
  /** Does all that was asked at once, and answers in the order of the asks. */
  readonly run: (asks: readonly Ask[]) => Promise<readonly Answer[]>
  /** How many runs may be under way at a time. */
  readonly lanes: number
  /**
   * For how many milliseconds one who asks waits for the run under way before the next lane is taken as well; not at all
   * where it is not given. Fewer runs with more in each cost less, and one run that is stuck holds nobody up for longer.
   */
  readonly besideAfterMs?: number
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
 * waits and goes in the next one; while none is, nobody waits for company. A run that fails fails for all that are in it.
 */
export function createBatches<Ask, Answer>(options: BatchOptions<Ask, Answer>): (ask: Ask) => Promise<Answer> {
  const { run, lanes, most, besideAfterMs = 0, patienceMs, tooLate, tooMany, hadNoTurn } = options
  const { now = () => performance.now() } = options
  let waiting: Entry<Ask, Answer>[] = []
  let alarm: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined
  let underWay = 0
  let gathering = false

  function turnAwayLate(): void {
    const late = waiting.findIndex(({ arrivedAt }) => now() - arrivedAt < patienceMs)
    for (const { reject } of waiting.splice(0, late === -1 ? waiting.length : late)) reject(tooLate())
  }

  /** Whether who came first is to wait no longer: for a full batch nobody's company is of use. */
  function mayGo(): boolean {
    const first = waiting[0]
    if (!first || underWay >= lanes) return false
    return underWay === 0 || waiting.length >= most || now() - first.arrivedAt >= besideAfterMs
  }

  /**
   * One timer for all, since what is due for anybody is due for who came first. It rings for nothing when that one has gone
   * meanwhile.
   */
  function watch(): void {
    const first = waiting[0]
    if (!first) return
    const at = first.arrivedAt + (underWay < lanes ? besideAfterMs : patienceMs)
    if (alarm && alarm.at <= at) return
    clearTimeout(alarm?.timer)
    const ring = () => {
      alarm = undefined
      send()
    }
    alarm = { at, timer: setTimeout(ring, Math.max(1, Math.ceil(at - now()))).unref() }
  }

  function send(): void {
    turnAwayLate()
    while (mayGo()) {
      const batch = waiting.slice(0, most)
      waiting = waiting.slice(most)
      void carry(batch)
    }
    watch()
  }

  function proceed(): void {
    if (gathering) return
    if (!mayGo()) {
      watch()
      return
    }
    gathering = true
    // After all that arrives in this turn of the event loop, so that it goes together.
    setImmediate(() => {
      gathering = false
      send()
    })
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
      proceed()
    }
  }

  return (ask) => {
    if (waiting.length >= options.waiting) return Promise.reject(tooMany())
    return new Promise((resolve, reject) => {
      waiting.push({ ask, arrivedAt: now(), resolve, reject })
      proceed()
    })
  }
}
