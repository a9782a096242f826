import fc from 'fast-check'
import { jsonText, mutated, nearObject, nearTo, wild } from './mutate.ts'

/** What is read of a JSON Schema: the words that the service's own document uses. */
export interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
}

/** One call of the document: where, by which method, with which body, and by whose token it may be made. */
export interface Call {
  readonly path: string
  readonly method: string
  readonly body: Schema | null
  /** The names of the security schemes of which one is enough; none at a call that anyone may make. */
  readonly schemes: readonly string[]
}

export const nameOf = ({ method, path }: Pick<Call, 'method' | 'path'>): string => `${method} ${path}`

export const people = ['ann', 'bob'] as const
export type Who = (typeof people)[number]

/** The tokens that there are of each person; `altered` is one with a character changed. */
export const tokenKinds = [
  'access',
  'refresh',
  'other access',
  'expired access',
  'expired refresh',
  'revoked access',
] as const
export type TokenKind = (typeof tokenKinds)[number]

/** A request in words, so that it is JSON and means the same in a run of its own. */
export interface Step {
  /** Which call of the document: its method and path. */
  readonly call: string
  readonly method: string | null
  readonly token: { readonly who: Who; readonly kind: TokenKind; readonly altered: boolean } | string | null
  /** The id in the path: whose session, or a text. */
  readonly id: { readonly who: Who } | string
  readonly query: string
  /** `right` takes the person's own address and password. */
  readonly body: { readonly right: Who } | string | null
  readonly contentType: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** Values that a schema allows, or nearly. */
export function allowedBy(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(allowedBy))
  const { minLength = 0, maxLength = 40 } = schema
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, allowedBy(inner)] as const)
      const { required = [] } = schema
      return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] as string[], noNullPrototype: true })
    }
    case 'array':
      return fc.array(allowedBy(schema.items ?? {}), { maxLength: 3 })
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -10, max: schema.maximum ?? 1000 })
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
      if (schema.format === 'email') return fc.stringMatching(/^[a-z0-9]{1,12}@[a-z0-9]{1,8}\.example$/)
      if (schema.format === 'uuid') return fc.uuid()
      if (schema.format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
      return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 80) })
    default:
      return fc.jsonValue()
  }
}

/** Header values that an HTTP client lets through. */
const headerValue = (text: fc.Arbitrary<string>) => text.map((one) => one.replaceAll(/[^\t -~\x80-\xff]/g, '').trim())

const bodyOf = ({ body }: Call): fc.Arbitrary<Step['body']> => {
  if (!body) return fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, fc.constantFrom('', '{}', 'null', 'x'))
  const valid = allowedBy(body)
  const text = valid.map((value) => JSON.stringify(value))
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...people).map((right) => ({ right })) },
    { weight: 3, arbitrary: text },
    { weight: 2, arbitrary: valid.chain((value) => nearObject({ ...(value as object), email: 'a@example.com' })) },
    { weight: 2, arbitrary: mutated(text) },
    { weight: 1, arbitrary: jsonText },
    fc.constant(null),
  )
}

const token: fc.Arbitrary<Step['token']> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      who: fc.constantFrom(...people),
      kind: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('access' as const, 'refresh' as const) },
        fc.constantFrom(...tokenKinds),
      ),
      altered: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
  },
  { weight: 1, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: headerValue(nearTo(fc.constantFrom('Bearer e30.e30.e30', 'Basic dTpw', 'DPoP x', 'Bearer'))),
  },
)

const extras = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  headerValue(wild).chain((value) =>
    fc.constantFrom<Record<string, string>>(
      { traceparent: value },
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      { 'x-forwarded-for': value },
      { 'x-http-method-override': 'DELETE' },
      { 'user-agent': value },
      { cookie: `access_token=${value}` },
      { accept: value },
      { 'if-none-match': value },
      { origin: value },
      { 'content-encoding': 'gzip' },
      { 'accept-encoding': value },
    ),
  ),
)

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']

/** Requests for the calls of a document: right ones, nearly right ones and wrong ones. */
export const stepOf = (calls: readonly Call[]): fc.Arbitrary<Step> =>
  fc.constantFrom(...calls).chain((call) =>
    fc.record({
      call: fc.constant(nameOf(call)),
      method: fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, fc.constantFrom(...methods)),
      token,
      id: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...people).map((who) => ({ who })) },
        fc.uuid(),
        wild,
        fc.constantFrom('..', '%2e%2e', '0'),
      ),
      query: fc.oneof(
        { weight: 6, arbitrary: fc.constant('') },
        wild.map((text) => `?${encodeURIComponent(text.toWellFormed())}`),
      ),
      body: bodyOf(call),
      contentType: fc.oneof(
        { weight: 12, arbitrary: fc.constant('application/json') },
        fc.constant(null),
        headerValue(
          nearTo(fc.constantFrom('application/json; charset=utf-8', 'text/plain', 'multipart/form-data; boundary=x')),
        ),
      ),
      headers: extras,
    }),
  )
