import { hash } from 'node:crypto'

interface Log {
  readonly info: (message: string) => void
  readonly warn: (fields: { readonly because: string }, message: string) => void
}

export interface BreachCheckOptions {
  readonly log: Log
  readonly baseUrl?: string
  /** For connecting, sending and reading together. */
  readonly timeoutMs?: number
  /** How long nobody asks after a failure. */
  readonly pauseMs?: number
  /** How many questions may be open at one moment. */
  readonly maxOpen?: number
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number
}

/** An answer with its padding has about 40 kB. */
const longestAnswer = 256 * 1024

/** The rest of a SHA-1 sum and how often it was seen: 0 in lines that are there to hide the answer's true length. */
const line = /^([0-9A-F]{35}):([0-9]{1,12})$/

/**
 * Asks Have I Been Pwned whether a password is known from a breach, by k-anonymity: five of the 40 hexadecimal digits
 * of its SHA-1 sum leave this process, which half a million others share, and the answer lists all that are known.
 *
 * Whatever goes wrong, the answer is false in `timeoutMs` at most. After a failure nobody asks for `pauseMs`; then one
 * caller tries and the others go on unasked until it got an answer. The log has one line when an outage begins and one
 * when it ends, one in `pauseMs` while more are asked for than may be open, and nothing of what was asked.
 */
export function breachedPasswordsHibp(options: BreachCheckOptions): (password: string) => Promise<boolean> {
  const { log, baseUrl = 'https://api.pwnedpasswords.com', timeoutMs = 1500, pauseMs = 60_000, maxOpen = 32 } = options
  const { now = () => performance.now() } = options
  let open = 0
  let failing = false
  let silentUntil = 0
  let crowdedUntil = Number.NEGATIVE_INFINITY

  function mayAsk(): boolean {
    if (failing) return now() >= silentUntil && open === 0
    if (open >= maxOpen) crowded()
    return open < maxOpen
  }

  function crowded(): void {
    if (now() < crowdedUntil) return
    crowdedUntil = now() + pauseMs
    log.warn(
      { because: `${maxOpen} are looked up at once` },
      'some passwords are accepted without a look-up in breaches',
    )
  }

  function failed(error: unknown): void {
    silentUntil = now() + pauseMs
    if (failing) return
    failing = true
    log.warn({ because: reasonOf(error) }, 'breached passwords can not be looked up: they are accepted meanwhile')
  }

  function answered(): void {
    if (failing) log.info('breached passwords are looked up again')
    failing = false
  }

  return async (password) => {
    if (!mayAsk()) return false
    const sum = hash('sha1', password).toUpperCase()
    // What was asked before the outage says nothing of its end: only the one who tries it does.
    const before = failing
    open++
    try {
      const suffixes = await ask(`${baseUrl}/range/${sum.slice(0, 5)}`, AbortSignal.timeout(timeoutMs))
      if (before === failing) answered()
      return suffixes.has(sum.slice(5))
    } catch (error) {
      failed(error)
      return false
    } finally {
      open--
    }
  }
}

/** The sums that are known, without their first five digits. */
async function ask(url: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const headers = { 'add-padding': 'true', 'user-agent': 'latchkey' }
  const response = await fetch(url, { headers, signal, redirect: 'error', credentials: 'omit' })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Failure(`status ${response.status}`)
  }
  const known = new Set<string>()
  for (const text of (await read(response)).split('\n')) {
    const [, suffix, count] = line.exec(text.trim()) ?? []
    if (suffix === undefined) throw new Failure('unreadable answer')
    if (Number(count) > 0) known.add(suffix)
  }
  return known
}

async function read(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > longestAnswer) throw new Failure('answer too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1').trimEnd()
}

/** Something was wrong with the answer. Its message goes to the log. */
class Failure extends Error {}

/** What may be logged: messages of the network may hold the address that was asked for, and with it the five digits. */
function reasonOf(error: unknown): string {
  if (error instanceof Failure) return error.message
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : 'network error'
}
