import { type Algorithm, importKey, type VerifyingKey } from './algorithms.ts'
import { isObject, parseObject } from './json.ts'
import { TokenRefused } from './refused.ts'

/** Where the keys come from, and how often. Durations are in seconds. */
export interface Source {
  readonly uri: string
  readonly algorithms: ReadonlySet<Algorithm>
  /** A key set is used for as long without asking again, unless its `max-age` says sooner. */
  readonly cacheFor: number
  /** For how long after it was fetched a key set is used while no newer one can be had. */
  readonly staleFor: number
  /** Between two requests there is at least this time. */
  readonly cooldown: number
  readonly timeout: number
  readonly fetch: Fetch
  /** The time in milliseconds since the epoch. */
  readonly now: () => number
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

interface KeySet {
  readonly keys: ReadonlyMap<string, VerifyingKey>
  readonly life: number
}

const mostBytes = 65_536
/** After a failure, and while there are no keys at all, it may be asked again sooner. */
const retryAfter = 5

/**
 * Finds keys by their `kid` in a JWK Set (RFC 7517) that is fetched when it is needed first, too old, or does not know
 * a key; never twice at a time, and never again before the cool-down is over, so that made-up key ids cost nothing.
 *
 * @throws TokenRefused `keys_unavailable`.
 */
export function remoteKeySet(source: Source): (kid: string) => Promise<VerifyingKey | undefined> {
  let held: KeySet | null = null
  let heldSince = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let failure: unknown = null
  let flight: Promise<void> | null = null

  // The distance, for a clock may be set back, and what was fetched in its future must not live for ever.
  const within = (seconds: number, since: number) => Math.abs(source.now() - since) < seconds * 1000

  function ask(): Promise<void> {
    const since = source.now()
    const land = (set: KeySet | null, error: unknown) => {
      // One that was given up has no say any more.
      if (flight !== mine) return
      if (set) [held, heldSince] = [set, since]
      failure = error
      flight = null
    }
    const mine = fetchKeys(source).then(
      (set) => land(set, null),
      (error) => land(null, error),
    )
    askedAt = since
    flight = mine
    return mine
  }

  function refreshed(): Promise<void> | null {
    // A runtime that ends with the request it serves may leave a flight that never lands.
    if (flight && within(source.timeout + 1, askedAt)) return flight
    const pause = held && !failure ? source.cooldown : Math.min(source.cooldown, retryAfter)
    return within(pause, askedAt) ? null : ask()
  }

  return async (kid) => {
    if (!held?.keys.has(kid) || !within(held.life, heldSince)) {
      const landing = refreshed()
      // When the last attempt failed, nobody who can go on with the old keys waits for the next one.
      if (!failure || !held?.keys.has(kid) || !within(source.staleFor, heldSince)) await landing
    }
    const key = within(Math.max(source.staleFor, held?.life ?? 0), heldSince) ? held?.keys.get(kid) : undefined
    // Without the newest set nobody can say that there is no such key.
    if (!key && (failure || !held)) throw new TokenRefused('keys_unavailable', { cause: failure })
    return key
  }
}

async function fetchKeys(source: Source): Promise<KeySet> {
  const signal = AbortSignal.timeout(Math.ceil(source.timeout * 1000))
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  return Promise.race([load(source, signal), late])
}

async function load({ uri, algorithms, cacheFor, cooldown, fetch }: Source, signal: AbortSignal): Promise<KeySet> {
  // The key set is where it was said to be: a redirect is somebody else's choice.
  const response = await fetch(uri, { headers: { accept: 'application/json' }, redirect: 'manual', signal })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the key set's URL answered ${response.status}`)
  }
  const { keys } = parseObject(await readBytes(response))
  if (!Array.isArray(keys) || !keys.every(isObject)) throw new Error('the answer is no JWK Set')
  const imported = await Promise.all(keys.map((jwk) => importKey(jwk, algorithms)))
  const life = Math.max(cooldown, Math.min(cacheFor, maxAge(response) ?? cacheFor))
  return { keys: new Map(imported.filter((key) => key !== null).map((key) => [key.kid, key])), life }
}

/** What is left of it, in seconds, or null when the answer does not say (RFC 9111, sections 4.2 and 5.2.2). */
function maxAge(response: Response): number | null {
  const cacheControl = response.headers.get('cache-control') ?? ''
  if (/no-(store|cache)/i.test(cacheControl)) return 0
  const [, seconds] = /max-age=(\d{1,9})/i.exec(cacheControl) ?? []
  const age = /^\d{1,9}$/.exec(response.headers.get('age') ?? '')?.[0] ?? 0
  return seconds === undefined ? null : Number(seconds) - Number(age)
}

async function readBytes({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(mostBytes)
  let size = 0
  const reader = body?.getReader()
  for (;;) {
    const { value } = (await reader?.read()) ?? {}
    if (!value) return bytes.subarray(0, size)
    if (size + value.length > mostBytes) {
      await reader?.cancel()
      throw new Error(`the key set is longer than ${mostBytes} bytes`)
    }
    bytes.set(value, size)
    size += value.length
  }
}
