import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { RefusalCode } from '../src/kernel/refusal.ts'
import { faces } from '../src/platform/http/problem.ts'
import {
  conformance,
  type Exchange,
  faultOf,
  type MediaType,
  type OpenApiDocument,
  type Operation,
} from './support/conformance.ts'
import { startService, type TestService } from './support/service.ts'

interface Call {
  readonly tag: string
  readonly answers: readonly number[]
  readonly takes?: readonly ('Access-token' | 'Refresh-token')[]
  readonly body?: true
  readonly refusals: readonly RefusalCode[]
}

const access = ['Access-token'] as const
const unauthorized = ['invalid_token', 'token_expired'] as const
const bringsBody = ['body_too_large', 'unsupported_media_type'] as const
const anyCall = ['malformed_request', 'too_many_requests', 'database_unavailable', 'internal_error'] as const

/** The contract: each call with what it answers, what it takes, and its refusals beside those of `anyCall`. */
const contract: Readonly<Record<string, Call>> = {
  'POST /api/v1/auth/register': {
    tag: 'Authentication',
    answers: [200],
    body: true,
    refusals: ['email_taken', 'validation_failed', 'overloaded', ...bringsBody],
  },
  'POST /api/v1/auth/login': {
    tag: 'Authentication',
    answers: [200],
    body: true,
    refusals: ['invalid_credentials', 'validation_failed', 'overloaded', ...bringsBody],
  },
  'POST /api/v1/auth/refresh': {
    tag: 'Authentication',
    answers: [200],
    takes: ['Refresh-token'],
    refusals: [...unauthorized, 'refresh_token_reused', ...bringsBody],
  },
  'POST /api/v1/auth/logout': {
    tag: 'Authentication',
    answers: [204],
    takes: ['Refresh-token', 'Access-token'],
    refusals: [...unauthorized, ...bringsBody],
  },
  'GET /api/v1/users/me': { tag: 'User', answers: [200], takes: access, refusals: unauthorized },
  'PUT /api/v1/users/me/password': {
    tag: 'User',
    answers: [204],
    takes: access,
    body: true,
    refusals: [...unauthorized, 'invalid_credentials', 'validation_failed', 'overloaded', ...bringsBody],
  },
  'GET /api/v1/users/me/sessions': { tag: 'User', answers: [200], takes: access, refusals: unauthorized },
  'DELETE /api/v1/users/me/sessions': {
    tag: 'User',
    answers: [204],
    takes: access,
    refusals: [...unauthorized, ...bringsBody],
  },
  'DELETE /api/v1/users/me/sessions/{id}': {
    tag: 'User',
    answers: [204],
    takes: access,
    refusals: [...unauthorized, 'not_found', ...bringsBody],
  },
  'GET /.well-known/jwks.json': { tag: 'Keys', answers: [200, 304], refusals: [] },
  'GET /.well-known/oauth-authorization-server': { tag: 'Keys', answers: [200], refusals: [] },
  'GET /health/live': { tag: 'Health', answers: [200], refusals: [] },
  'GET /health/ready': { tag: 'Health', answers: [200], refusals: ['shutting_down'] },
}

interface WholeDocument extends OpenApiDocument {
  readonly openapi: string
  readonly tags: readonly { name: string; description?: string }[]
  readonly components: { readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, string>>>> }
}

let service: TestService
let document: WholeDocument
let text: string

before(async () => {
  service = await startService()
  const answer = await service.call('GET', '/api/openapi.json')
  document = answer.body
  text = answer.text
})

after(() => service?.close())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  )

/** Each operation beside what the contract says of it. */
const pairs = () =>
  operations().map(([name, operation]): [string, Operation, Call] => {
    const call = contract[name]
    assert.ok(call, `${name} is not in the contract`)
    return [name, operation, call]
  })

const examplesOf = ({ example, examples = {} }: MediaType) => [
  ...(example === undefined ? [] : [example]),
  ...Object.values(examples).map(({ value }) => value),
]

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    assert.match(document.openapi, /^3\.1\.\d+$/)
    const { valid, errors } = await new Validator().validate(JSON.parse(text))
    assert.ok(valid, JSON.stringify(errors, null, 2))
  })

  test('has every call of the contract and no other', () => {
    const names = operations().map(([name]) => name)
    assert.deepEqual(names.toSorted(), Object.keys(contract).toSorted())
  })

  test('names each call: a summary, a tag that is explained, an operationId of its own', () => {
    const explained = document.tags.filter(({ description }) => description).map(({ name }) => name)
    for (const [name, operation, call] of pairs()) {
      assert.ok(operation.summary, name)
      assert.deepEqual(operation.tags, [call.tag], name)
      assert.ok(explained.includes(call.tag), name)
      assert.match(operation.operationId ?? '', /^[a-z][A-Za-z]+$/, name)
    }
    const ids = operations().map(([, { operationId }]) => operationId)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('leaves no text to the framework', () => {
    assert.doesNotMatch(text, /Default Response/)
    for (const [name, { responses }] of operations()) {
      for (const [status, { description }] of Object.entries(responses)) assert.ok(description, `${name} ${status}`)
    }
  })

  test('lists what each call answers when it does not refuse', () => {
    for (const [name, { responses }, call] of pairs()) {
      const statuses = Object.keys(responses).map(Number)
      assert.deepEqual(
        statuses.filter((status) => status < 400),
        call.answers,
        name,
      )
    }
  })

  test('lists every refusal of each call, under its status and with an example of its own', () => {
    for (const [name, { responses }, call] of pairs()) {
      const listed = Object.entries(responses).flatMap(([status, { content }]) => {
        const examples = content?.['application/problem+json']?.examples ?? {}
        for (const [code, { value }] of Object.entries(examples)) {
          assert.equal((value as { code: string }).code, code, name)
          assert.equal(faces[code as RefusalCode].status, Number(status), `${name} ${code}`)
        }
        return Object.keys(examples)
      })
      assert.deepEqual(listed.toSorted(), [...anyCall, ...call.refusals].toSorted(), name)
    }
  })

  test('has two kinds of bearer token, and names at each call those that it takes', () => {
    const schemes = document.components.securitySchemes
    assert.deepEqual(Object.keys(schemes).toSorted(), ['Access-token', 'Refresh-token'])
    for (const [name, { type, scheme, bearerFormat, description }] of Object.entries(schemes)) {
      assert.deepEqual({ type, scheme, bearerFormat }, { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
      assert.ok(description?.startsWith(name.replace('-', ' ')), description)
    }
    for (const [name, { security }, call] of pairs()) {
      assert.deepEqual(
        security?.map((scheme) => Object.keys(scheme)) ?? [],
        call.takes?.map((one) => [one]) ?? [],
        name,
      )
    }
  })

  test('has an example of every body that a call takes or answers, in the form that it documents', () => {
    for (const [name, { requestBody, responses }, call] of pairs()) {
      assert.equal(requestBody !== undefined, call.body ?? false, name)
      const bodies = [requestBody, ...Object.values(responses)].flatMap((body) => Object.values(body?.content ?? {}))
      for (const media of bodies) {
        const examples = examplesOf(media)
        assert.ok(examples.length > 0, `${name} has a body without an example`)
        for (const example of examples) assert.equal(faultOf(media.schema, example), null, name)
      }
    }
  })
})

describe('the check of every answer against the document', () => {
  const answer = (status: number, body: unknown, more: Partial<Exchange> = {}): Exchange => ({
    method: 'GET',
    path: '/api/v1/users/me',
    status,
    headers: new Headers({
      'content-type': status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json',
      'www-authenticate': 'Bearer',
    }),
    text: JSON.stringify(body),
    ...more,
  })
  const me = { id: 1, email: 'user@example.com' }
  const refusal = {
    type: 'http://localhost:1602/api/problems#invalid_token',
    title: 'Invalid token',
    status: 401,
    detail: 'Log in again.',
    code: 'invalid_token',
    request_id: 'f'.repeat(32),
  }
  const notFound = { ...refusal, status: 404, code: 'not_found' }

  test('lets pass what is documented', () => {
    const check = conformance(document)
    check(answer(200, me))
    check(answer(200, me, { path: '/api/v1/users/me?a=/b' }))
    check(answer(200, undefined, { method: 'HEAD', text: '' }))
    check(answer(401, refusal))
    check(answer(404, notFound, { path: '/nowhere' }))
    check(answer(200, 'anything', { path: '/nowhere' }))
  })

  const wrong: Record<string, Exchange> = {
    'a status that is not listed': answer(404, notFound),
    'a field too many': answer(200, { ...me, password_hash: 'secret' }),
    'a field too few': answer(200, { id: 1 }),
    'a field of another type': answer(200, { ...me, id: '1' }),
    'another media type': answer(200, me, { headers: new Headers({ 'content-type': 'text/html' }) }),
    'a header too few': answer(401, refusal, { headers: new Headers({ 'content-type': 'application/problem+json' }) }),
    'a code that this call does not have': answer(401, { ...refusal, code: 'invalid_credentials' }),
    'a body where none is documented': answer(204, me, { method: 'DELETE', path: '/api/v1/users/me/sessions/1' }),
    'a method that is not documented': answer(200, me, { method: 'PUT' }),
    'a refusal of another form at any address': answer(404, { error: 'Not Found' }, { path: '/nowhere' }),
    'a code that does not exist at any address': answer(404, { ...notFound, code: 'gone' }, { path: '/nowhere' }),
  }
  for (const [what, exchange] of Object.entries(wrong)) {
    test(`notices ${what}`, () => assert.throws(() => conformance(document)(exchange), assert.AssertionError))
  }
})

test('the `type` of every refusal points at its explanation', async () => {
  const page = await service.call('GET', '/api/problems')
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  for (const [code, { title }] of Object.entries(faces)) {
    assert.match(page.text, new RegExp(`<dt id="${code}">.*${title}`), code)
  }
  const refusal = await service.call('GET', '/api/v1/users/me')
  assert.equal(refusal.body.type, `${service.issuer}/api/problems#invalid_token`)
})
