import type { State } from './token-state.ts'

/** The other tabs of the app: of one origin, for neither locks nor channels reach beyond it. */
export interface Tabs {
  /** Whether every change of the tokens is told; without, their storage alone says what others did. */
  readonly connected: boolean
  /** Whether `exclusively` holds among all who share the tokens. */
  readonly exclusive: boolean
  /** Runs a job while no other tab runs one. */
  exclusively<T>(job: () => Promise<T>): Promise<T>
  /** Tells the others what has become of the tokens. */
  tell(state: State): void
  /** Settles when what the others had told until now is heard. */
  flush(): Promise<void>
  /** Asks the others, and settles when one knew something newer, or when it is clear that none will answer. */
  ask(): Promise<void>
  close(): void
}

export interface Listener {
  /** Takes what another tab told; answers whether it was news. */
  hear(state: State): boolean
  /** What this tab knows. */
  known(): State
}

type Message = { readonly state: State } | { readonly ask: true } | { readonly echo: number }

const settleMs = 150
/** Longer than any job takes: a tab that hangs while it has the lock does not stop the others for ever. */
const lockMs = 20_000

/** For one that has no others to think of. */
export const noTabs = (exclusive: boolean): Tabs => ({
  connected: false,
  exclusive,
  exclusively: (job) => job(),
  tell() {},
  flush: async () => {},
  ask: async () => {},
  close() {},
})

export function createTabs(name: string, { hear, known }: Listener): Tabs {
  // Two ends of one channel: what goes out at one comes in at the other after all that was sent before it.
  const [inward, outward] = [new BroadcastChannel(name), new BroadcastChannel(name)]
  const waiting = new Map<number, () => void>()
  const asking = new Set<() => void>()
  let echoes = Math.random()
  let open = true
  const post = (message: Message) => {
    if (open) outward.postMessage(message)
  }

  inward.onmessage = ({ data }: { data: Message }) => {
    if ('echo' in data) waiting.get(data.echo)?.()
    else if ('ask' in data) known().turn && post({ state: known() })
    else if (hear(data.state)) for (const done of asking) done()
  }
  // In Node a channel would keep the process running.
  for (const end of [inward, outward]) (end as { unref?(): void }).unref?.()

  return {
    connected: true,
    exclusive: !!locks(),
    exclusively: (job) => withLock(name, job),
    tell: (state) => post({ state }),
    flush: () =>
      atMost(settleMs, (done) => {
        const echo = echoes++
        waiting.set(echo, done)
        post({ echo })
        return () => waiting.delete(echo)
      }),
    ask: () =>
      atMost(settleMs, (done) => {
        asking.add(done)
        post({ ask: true })
        return () => asking.delete(done)
      }),
    close() {
      open = false
      inward.close()
      outward.close()
    },
  }
}

const locks = () => globalThis.navigator?.locks

async function withLock<T>(name: string, job: () => Promise<T>): Promise<T> {
  let begun = false
  const begin = () => {
    begun = true
    return job()
  }
  try {
    return await (locks()?.request(name, { signal: AbortSignal.timeout(lockMs) }, begin) ?? begin())
  } catch (error) {
    if (begun) throw error
    return job()
  }
}

/** Settles when the work says so, and at the latest after so many milliseconds; then undoes what the work began. */
async function atMost(ms: number, work: (done: () => void) => () => void): Promise<void> {
  let undo = () => {}
  let timer: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((done) => {
    timer = setTimeout(done, ms)
    undo = work(done)
  })
  clearTimeout(timer)
  undo()
}
