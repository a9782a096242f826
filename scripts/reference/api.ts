/** The reference of the HTTP API, from its OpenAPI document. */

interface Schema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly description?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly additionalProperties?: boolean | Schema
}

interface Media {
  readonly schema?: Schema
  readonly example?: unknown
}

interface Body {
  readonly description?: string
  readonly content?: Readonly<Record<string, Media>>
}

interface Operation {
  readonly summary: string
  readonly tags: readonly string[]
  readonly description?: string
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly parameters?: readonly { name: string; in: string; description?: string; schema: Schema }[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Body>>
}

export interface OpenApi {
  readonly openapi: string
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const head = `# The HTTP API

Every call, from the OpenAPI document that a running service has at \`/api/openapi.json\`, and as a page to try at \`/api/docs\`.
This page is written by \`npm run generate:reference\`.

Bodies are JSON in UTF-8. A token travels as \`Authorization: Bearer …\`. Refusals are problems of RFC 9457 with a
[\`code\`](refusals.md).
`

export function apiPage(document: OpenApi): string {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ call: `${method.toUpperCase()} ${path}`, operation })),
  )
  const sections = document.tags.map(({ name, description }) => {
    const calls = all.filter(({ operation }) => operation.tags.includes(name))
    return [`## ${name}\n\n${description}\n`, ...calls.map(({ call, operation }) => callSection(call, operation))]
  })
  return [head, ...sections.flat()].join('\n')
}

function callSection(call: string, { summary, description, ...operation }: Operation): string {
  const parts = [
    `### ${summary}`,
    `\`\`\`http\n${call}\n\`\`\``,
    description ?? '',
    `**Who may:** ${callers(operation.security)}.`,
    fieldsOf('In the path', parametersOf(operation.parameters ?? [])),
    fieldsOf('Body', membersOf(mediaOf(operation.requestBody)?.schema)),
    ...Object.entries(operation.responses)
      .filter(([status]) => Number(status) < 400)
      .map(([status, body]) => answerOf(status, body)),
    `**Refusals:** ${refusalsOf(operation.responses).join(', ')}.`,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

const callers = (security: Operation['security'] = []) =>
  security.length === 0 ? 'anyone' : `whoever bears ${security.flatMap(Object.keys).map(articled).join(' or ')}`

const articled = (scheme: string) => (/^a/i.test(scheme) ? 'an ' : 'a ') + scheme.toLowerCase().replace('-', ' ')

const mediaOf = (body?: Body): Media | undefined => Object.values(body?.content ?? {})[0]

function answerOf(status: string, body: Body): string {
  const media = mediaOf(body)
  const example =
    media?.example === undefined ? '' : `\n\n\`\`\`json\n${JSON.stringify(media.example, null, 2)}\n\`\`\``
  const said = body.description ? `: ${body.description}` : ''
  const fields = fieldsOf('', membersOf(media?.schema))
  return `**${status}**${said}${fields && `\n\n${fields}`}${example}`
}

/** The codes of a call's refusals, which the documents names in the schema of each answer. */
function refusalsOf(responses: Operation['responses']): string[] {
  return Object.values(responses).flatMap((body) => {
    const schema = body.content?.['application/problem+json']?.schema
    return (schema?.properties?.code?.enum ?? []).map((code) => `[\`${code}\`](refusals.md#${code})`)
  })
}

interface Row {
  readonly name: string
  readonly type: string
  readonly description: string
}

const parametersOf = (parameters: NonNullable<Operation['parameters']>): Row[] =>
  parameters
    .filter((one) => one.in === 'path')
    .map(({ name, schema, description }) => ({ name, type: typeOf(schema), description: description ?? '' }))

/** The members of an object, and of those inside it, by their paths. */
function membersOf(schema: Schema | undefined, before = ''): Row[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([key, member]) => {
    const optional = schema?.required?.includes(key) ? '' : ', optional'
    const name = before + key
    const row = { name, type: typeOf(member) + optional, description: member.description ?? '' }
    const inner = member.type === 'array' ? membersOf(member.items, `${name}[].`) : membersOf(member, `${name}.`)
    return [row, ...inner]
  })
}

function typeOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' or ')
  const { minLength: least, maxLength: most } = schema
  const length = most === undefined ? '' : `, ${least === undefined ? 'at most' : `${least} to`} ${most} characters`
  return `${schema.type ?? 'any'}${schema.format ? ` (${schema.format})` : ''}${length}`
}

function fieldsOf(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const lines = rows.map(({ name, type, description }) => `| \`${name}\` | ${type} | ${description} |`)
  const table = ['| field | type | |', '|---|---|---|', ...lines].join('\n')
  return title === '' ? table : `**${title}**\n\n${table}`
}
