import assert from 'node:assert/strict'
import fc from 'fast-check'
import { faultOf, type OpenApiDocument } from '../support/conformance.ts'
import { type Answer, password, type TestService } from '../support/service.ts'
import { type Property, property } from './property.ts'
import { type Call, nameOf, people, type Schema, type Step, stepOf, type TokenKind, type Who } from './requests.ts'

/** What is known of a person: whatever of it is in an answer tells that it is about them. */
interface Known {
  readonly id: number
  readonly email: string
  password: string
  readonly sessions: string[]
  readonly tokens: Map<TokenKind, string>
}

/** All calls of a document. */
export function callsOf({ paths }: OpenApiDocument): Call[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { requestBody, security = [] }]) => ({
      path,
      method: method.toUpperCase(),
      body: (requestBody?.content['application/json']?.schema as Schema | undefined) ?? null,
      schemes: security.flatMap((one) => Object.keys(one)),
    })),
  )
}

/** Two people and a service that does what anybody asks of it; after each request, what became of either is looked at. */
export class Stage {
  readonly #service: TestService
  readonly #known: Readonly<Record<Who, Known>>
  readonly calls: readonly Call[]
  /** The calls that were answered with 2xx, and how often. */
  readonly served = new Map<string, number>()

  private constructor(service: TestService, known: Record<Who, Known>, document: OpenApiDocument) {
    this.#service = service
    this.#known = known
    this.calls = callsOf(document)
  }

  static async open(service: TestService): Promise<Stage> {
    const made = people.map(async (who) => {
      const email = `${who}@two-people.example`
      const { body } = await service.call('POST', '/api/v1/auth/register', { json: { email, password } })
      const known: Known = { id: body.id, email, password, sessions: [], tokens: new Map() }
      return [who, known] as const
    })
    const known = Object.fromEntries(await Promise.all(made)) as Record<Who, Known>
    const stage = new Stage(service, known, (await service.service.document()) as OpenApiDocument)
    for (const who of people) await stage.#logIn(who, 'expired access', 'expired refresh')
    service.clock.advance(3600)
    for (const who of people) {
      await stage.#logIn(who, 'revoked access', null)
      const token = stage.#tokenOf(who, 'revoked access')
      await service.call('POST', '/api/v1/auth/logout', { token })
    }
    return stage
  }

  async #logIn(who: Who, access: TokenKind, refresh: TokenKind | null): Promise<void> {
    const known = this.#known[who]
    const { email, password } = known
    const { status, body, text } = await this.#service.call('POST', '/api/v1/auth/login', { json: { email, password } })
    assert.equal(status, 200, text)
    this.#keep(known, body)
    known.tokens.set(access, body.access_token)
    if (refresh) known.tokens.set(refresh, body.refresh_token)
  }

  #keep(known: Known, { access_token }: { access_token: string }): void {
    known.sessions.push(JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString()).sid)
  }

  #tokenOf(who: Who, kind: TokenKind): string {
    const token = this.#known[who].tokens.get(kind)
    assert.ok(token, `${who} has no ${kind}`)
    return token
  }

  /** Makes the requests one after the other, each person logged in anew on two devices. */
  async play(steps: readonly Step[]): Promise<void> {
    // What earlier sequences left behind would make each look at the rows slower than the one before.
    for (const { id, sessions } of people.map((who) => this.#known[who])) {
      sessions.splice(2)
      const first = sessions.map((session) => `'${session}'`).join()
      await this.#service.query(`DELETE FROM sessions WHERE user_id = ${id} AND id NOT IN (${first})`)
    }
    for (const who of people) {
      await this.#logIn(who, 'other access', null)
      await this.#logIn(who, 'access', 'refresh')
    }
    let before = await this.#rows()
    for (const step of steps) {
      const { call, method, authorization, body } = this.#spell(step)
      const answer = await this.#send(step, call, method, authorization, body)
      const after = await this.#rows()
      const may = this.#mayBeAbout(call, step, body, answer)
      for (const who of people) {
        if (who === may) continue
        const what = `${method} ${call.path} touched ${who}`
        assert.equal(after[who], before[who], what)
        this.#assertSilent(who, answer, what)
      }
      this.#assertRefusedWhereItMust(call, step, method, body, answer)
      this.#learn(call, method, may, body, answer)
      before = after
    }
  }

  /** What of the request is in words becomes text. */
  #spell(step: Step): { call: Call; method: string; authorization: string | null; body: string | null } {
    const call = this.calls.find((one) => nameOf(one) === step.call)
    assert.ok(call, `there is no call ${step.call} any more`)
    const { token, body } = step
    return {
      call,
      method: step.method ?? call.method,
      authorization: typeof token === 'string' || token === null ? token : `Bearer ${this.#textOf(token)}`,
      body: typeof body === 'string' || body === null ? body : JSON.stringify(this.#rightBody(call, body.right)),
    }
  }

  #textOf({ who, kind, altered }: { who: Who; kind: TokenKind; altered: boolean }): string {
    const token = this.#tokenOf(who, kind)
    const at = token.length - 10
    return altered ? token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1) : token
  }

  #rightBody({ body }: Call, who: Who): Record<string, unknown> {
    const { email, password } = this.#known[who]
    const right: Record<string, string> = { email, password, current_password: password, new_password: `${password}4` }
    return Object.fromEntries(Object.keys(body?.properties ?? {}).map((name) => [name, right[name] ?? 'x']))
  }

  #send(
    { id, query, contentType, headers }: Step,
    call: Call,
    method: string,
    authorization: string | null,
    body: string | null,
  ) {
    const text = typeof id === 'string' ? id : (this.#known[id.who].sessions.at(-1) ?? '')
    const path = call.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(text.toWellFormed()))
    return this.#service.call(method, path + query, {
      ...(body !== null && method !== 'GET' && method !== 'HEAD' && { body }),
      headers: {
        ...headers,
        ...(contentType !== null && { 'content-type': contentType }),
        ...(authorization !== null && { authorization }),
      },
    })
  }

  /** Whom an answer may be about: whose genuine token was sent, or whose address and password. */
  #mayBeAbout({ schemes, body: schema }: Call, { token }: Step, body: string | null, { status }: Answer): Who | null {
    if (schemes.length > 0) return token && typeof token === 'object' && !token.altered ? token.who : null
    if (!schema || status !== 200) return null
    const { email } = JSON.parse(body ?? '{}')
    return people.find((who) => this.#known[who].email === String(email).toLowerCase()) ?? null
  }

  #assertSilent(who: Who, { text, headers }: Answer, what: string): void {
    const { email, sessions, tokens } = this.#known[who]
    const whole = `${text} ${[...headers].join()}`
    for (const secret of [email, ...sessions.slice(-20), ...tokens.values()]) assert.ok(!whole.includes(secret), what)
  }

  #assertRefusedWhereItMust(call: Call, step: Step, method: string, body: string | null, answer: Answer): void {
    const what = `${method} ${call.path} answered ${answer.status}: ${answer.text}`
    assert.ok(answer.status < 500, what)
    if (method !== call.method) return
    const refused = answer.status >= 400
    const { token } = step
    if (call.schemes.length > 0) {
      const kind = token && typeof token === 'object' && !token.altered ? token.kind : null
      const fits =
        kind !== null && call.schemes.some((scheme) => scheme.toLowerCase().startsWith(kind.split(' ').at(-1) ?? ''))
      if (!fits || kind?.startsWith('expired')) assert.ok(refused, what)
      if (kind?.startsWith('revoked') && method === 'GET') assert.ok(refused, what)
      if (answer.status === 200 && 'id' in Object(answer.body)) {
        assert.equal(answer.body.id, this.#known[(token as { who: Who }).who].id, what)
      }
    }
    if (call.body && (body === null || !isAllowed(call.body, body))) assert.ok(refused, what)
    if (step.contentType === 'text/plain' && body !== null && method !== 'GET') assert.ok(refused, what)
  }

  #learn({ path, body: schema }: Call, method: string, who: Who | null, body: string | null, answer: Answer): void {
    if (answer.status >= 300) return
    const name = nameOf({ method, path })
    this.served.set(name, (this.served.get(name) ?? 0) + 1)
    if (!who) return
    const known = this.#known[who]
    if (answer.body?.access_token) this.#keep(known, answer.body)
    const wanted = schema?.properties?.new_password ? JSON.parse(body ?? '{}').new_password : undefined
    if (typeof wanted === 'string') known.password = wanted
  }

  /** All that the database holds of each person's account and sessions. */
  async #rows(): Promise<Record<Who, string>> {
    const ids = people.map((who) => this.#known[who].id).join()
    const users = await this.#service.query<{ id: unknown }>(`SELECT * FROM users WHERE id IN (${ids}) ORDER BY id`)
    const sessions = await this.#service.query<{ user_id: unknown }>(
      `SELECT * FROM sessions WHERE user_id IN (${ids}) ORDER BY id`,
    )
    const of = (who: Who) => {
      const id = String(this.#known[who].id)
      const own = [users.filter((row) => String(row.id) === id), sessions.filter((row) => String(row.user_id) === id)]
      return JSON.stringify(own)
    }
    return { ann: of('ann'), bob: of('bob') }
  }
}

function isAllowed(schema: Schema, text: string): boolean {
  try {
    return faultOf(schema, JSON.parse(text)) === null
  } catch {
    return false
  }
}

/** What holds for every sequence of requests that the document suggests. */
export const routeProperties = (stage: () => Stage, calls: readonly Call[]): Property[] => [
  property(
    'whatever two people ask of any route, the answer is as documented, and neither sees or touches what is the other’s',
    fc.array(stepOf(calls), { minLength: 1, maxLength: 10 }),
    (steps) => stage().play(steps),
    40,
  ),
]
