import { isTokenRefusal } from './refused.ts'

interface Deps {
  readonly send: typeof fetch
  /** The origins that are given tokens. */
  readonly origins: ReadonlySet<string>
  /** A fresh access token, or null for who is signed out. */
  readonly accessToken: () => Promise<string | null>
  readonly refuse: (accessToken: string) => void
}

type Init = NonNullable<Parameters<typeof fetch>[1]>

/**
 * `fetch` with the access token for the app's own APIs, and with nothing added for all others. What is refused for its
 * token (RFC 6750, section 3.1) is sent once more with a new one, unless its body can be read but once.
 */
export const bearerFetch =
  ({ send, origins, accessToken, refuse }: Deps): typeof fetch =>
  async (input, init: Init = {}) => {
    const request = typeof input === 'object' && 'headers' in input ? input : null
    const url = request ? request.url : new URL(String(input), pageAddress()).href
    const target = request ?? url
    const headers = new Headers(init.headers ?? request?.headers)
    if (!origins.has(originOf(url)) || headers.has('authorization')) return send(target, init)

    const attempt = (token: string) => {
      headers.set('authorization', `Bearer ${token}`)
      return send(target, { ...init, headers })
    }
    const token = await accessToken()
    if (token === null) return send(target, init)
    const response = await attempt(token)
    if (response.status !== 401 || (request && request.body !== null) || isStream(init.body)) return response
    if (!(await blamesToken(response))) return response
    refuse(token)
    const renewed = await accessToken().catch(() => null)
    if (renewed === null || renewed === token) return response
    await response.body?.cancel()
    return attempt(renewed)
  }

const pageAddress = () => (globalThis as { location?: { href: string } }).location?.href

/** Scheme, host and port as they are sent to: a `blob:` address has an origin of its own, and is not it. */
function originOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

const isStream = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('getReader' in body || Symbol.asyncIterator in body)

/** Says so in its challenge, or in a problem like the service's own where the browser hides the challenge. */
async function blamesToken(response: Response): Promise<boolean> {
  const challenge = response.headers.get('www-authenticate')
  if (challenge !== null) return /\berror="?invalid_token\b/i.test(challenge)
  if (!/json/i.test(response.headers.get('content-type') ?? '')) return false
  const problem = (await response
    .clone()
    .json()
    .catch(() => null)) as { code?: unknown } | null
  return isTokenRefusal(problem?.code)
}
