import type { Api } from './api-types.ts'
import { Refused, Unreachable } from './refused.ts'

interface CallOptions<Name extends keyof Api> {
  readonly token?: string | undefined
  readonly json?: Api[Name] extends { body: infer Body } ? Body : never
  readonly id?: string
  /** For how many milliseconds to wait for the answer. */
  readonly patience?: number
  /** Whether the request shall outlive the page. */
  readonly keepalive?: boolean
}

/**
 * One call to the service, by its method and address in the OpenAPI document.
 *
 * @throws Refused when the service says no, Unreachable when nothing that can be read came back.
 */
export type Call = <Name extends keyof Api>(name: Name, options?: CallOptions<Name>) => Promise<Api[Name]['answer']>

export const createCall =
  (base: string, send: typeof fetch): Call =>
  async (name, { token, json, id = '', patience = 30_000, keepalive = false } = {}) => {
    const [method = '', path = ''] = name.split(' ')
    // An address is shortened at such a part of it, to one that was not meant (RFC 3986, section 5.2.4).
    if (path.includes('{id}') && /^\.{0,2}$/.test(id)) throw new TypeError('this is no id')
    const headers: Record<string, string> = {}
    if (token) headers.authorization = `Bearer ${token}`
    if (json) headers['content-type'] = 'application/json'
    try {
      const response = await send(base + path.replace('{id}', encodeURIComponent(id)), {
        method,
        headers,
        ...(json ? { body: JSON.stringify(json) } : {}),
        keepalive,
        cache: 'no-store',
        credentials: 'omit',
        // The service redirects nobody; who does would be given the token or the password.
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      })
      const text = await response.text()
      if (response.ok) return text ? JSON.parse(text) : null
      throw refusalOf(response, text)
    } catch (error) {
      throw error instanceof Refused ? error : new Unreachable(error)
    }
  }

/**
 * The answer, if its members are of these types.
 *
 * @throws Unreachable for any other, such as what something in between has made of it.
 */
export function withMembers<T extends object>(answer: T | null, types: { readonly [Name in keyof T]?: string }): T {
  const wrong = Object.entries(types).find(([name, type]) => typeof answer?.[name as keyof T] !== type)
  if (!answer || wrong) throw new Unreachable(new TypeError(`no ${wrong?.[0]} in the answer`))
  return answer
}

function refusalOf(response: Response, text: string): Refused {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new Refused(response.status, problemIn(text), seconds >= 0 ? seconds : undefined)
}

function problemIn(text: string): Record<string, unknown> {
  try {
    const problem = JSON.parse(text)
    return typeof problem === 'object' && problem ? problem : {}
  } catch {
    return {}
  }
}
