import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { faces } from '../../src/platform/http/problem.ts'

/** What the checks read of an OpenAPI 3.1 document, all references resolved. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Operation {
  readonly summary?: string
  readonly operationId?: string
  readonly tags?: readonly string[]
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, DocumentedResponse>>
}

interface DocumentedResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Content
}

type Content = Readonly<Record<string, MediaType>>

export interface MediaType {
  readonly schema: object
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

/** One answer, and the call that it answers. */
export interface Exchange {
  readonly method: string
  /** The path of the call; what follows a `?` does not matter. */
  readonly path: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const problemType = 'application/problem+json'
// The HTTP parser answers these before there is a call.
const beforeAnyCall = [408, 431]

/**
 * Answers a check that throws for an answer which the document does not describe: another status, media type or form, a
 * missing header, a field too many. At addresses that are not in the document only refusals are checked, by their form.
 */
export function conformance(document: OpenApiDocument): (exchange: Exchange) => void {
  const addresses = Object.entries(document.paths).map(([template, operations]) => ({
    pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    operations,
  }))
  const problem = anyProblem(document)

  return (exchange) => {
    const { status } = exchange
    const path = exchange.path.replace(/[?#].*$/s, '')
    const operations = addresses.find(({ pattern }) => pattern.test(path))?.operations
    const method = exchange.method.toLowerCase()
    const operation = operations?.[method === 'head' ? 'get' : method]
    const call = `${exchange.method} ${path} answered ${status}`

    if (operation && !beforeAnyCall.includes(status)) {
      const response = operation.responses[status]
      assert.ok(response, `${call}, which the document does not list: ${exchange.text}`)
      return checkResponse(call, response, exchange)
    }
    if (status >= 400) checkResponse(call, problem, exchange)
    // An address has no other methods than those of the document; OPTIONS belongs to CORS.
    if (operations && !operation && method !== 'options') assert.equal(status, 405, call)
    if (status === 405) assert.ok(exchange.headers.has('allow'), `${call} without Allow`)
  }
}

function checkResponse(call: string, { headers = {}, content }: DocumentedResponse, exchange: Exchange): void {
  for (const name of Object.keys(headers)) assert.ok(exchange.headers.has(name), `${call} without ${name}`)
  if (exchange.method === 'HEAD' || content === undefined) {
    assert.equal(exchange.text, '', `${call} with a body`)
    return
  }
  const [type = ''] = (exchange.headers.get('content-type') ?? '').split(';')
  const media = content[type]
  assert.ok(media, `${call} as ${type || 'no media type'}, not as ${Object.keys(content).join(' or ')}`)
  const fault = faultOf(media.schema, JSON.parse(exchange.text))
  assert.equal(fault, null, `${call}: ${fault}: ${exchange.text}`)
}

/** The form that all refusals share, whatever their code and status. */
function anyProblem({ paths }: OpenApiDocument): DocumentedResponse {
  const operations = Object.values(paths).flatMap((address) => Object.values(address))
  const documented = operations.flatMap(({ responses }) => Object.values(responses))
  const schema = documented.find(({ content }) => content?.[problemType])?.content?.[problemType]?.schema
  assert.ok(schema && 'properties' in schema, 'the document knows no problem')
  const properties = {
    ...(schema.properties as object),
    status: { type: 'integer' },
    code: { enum: Object.keys(faces) },
  }
  return { description: 'Any refusal.', content: { [problemType]: { schema: { ...schema, properties } } } }
}

const ajv = new Ajv2020({ allErrors: true, strict: true })
addFormats.default(ajv)
const validators = new WeakMap<object, ValidateFunction>()

/** What is wrong with a value by a schema whose objects are taken as closed; null if nothing is. */
export function faultOf(schema: object, value: unknown): string | null {
  const validate = validators.get(schema) ?? ajv.compile(closed(schema))
  validators.set(schema, validate)
  return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: 'body' })
}

/** The schema with every object in it that names its fields having no others. */
function closed<T>(schema: T): T {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(closed) as T
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return ('properties' in inner ? { additionalProperties: false, ...inner } : inner) as T
}
