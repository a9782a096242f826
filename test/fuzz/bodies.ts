import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TestService } from '../support/service.ts'
import { jsonText, mutated, near, nearObject, nearTo } from './mutate.ts'
import { type Property, property } from './property.ts'

/** Bytes as text, one character each, so that a body that broke something can be kept as JSON. */
const latin1 = (text: string) => Buffer.from(text).toString('latin1')

const good = { email: 'nobody@example.com', password: 'your_password_123' }
const texts = fc.oneof(nearObject(good), jsonText, nearTo(fc.constant(JSON.stringify(good))))
const bytes = fc.oneof(texts.map(latin1), mutated(texts.map(latin1), 2))

/** What a body is by RFC 8259 and the promises of the API, without a word of the service's own reading. */
function readBody(body: Buffer): { readonly value: unknown } | null {
  if (!Buffer.from(body.toString('utf8')).equals(body) || body.subarray(0, 3).equals(Buffer.from('\ufeff'))) return null
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isHarmless(value) ? { value } : null
  } catch {
    return null
  }
}

/** No text that PostgreSQL can't store, and no member that would change a prototype where it is copied. */
function isHarmless(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => {
    const poisons = name === '__proto__' || (name === 'constructor' && Object.hasOwn(Object(inner), 'prototype'))
    return isHarmless(name) && isHarmless(inner) && (Array.isArray(value) || !poisons)
  })
}

const isCredentials = (value: unknown): boolean => {
  const { email, password, ...rest } = Object(value)
  return typeof email === 'string' && typeof password === 'string' && Object.keys(rest).length === 0
}

/** What holds for every body and every header that is sent to a running service. */
export function wireProperties(service: () => TestService): Property[] {
  const login = '/api/v1/auth/login'
  const json = { 'content-type': 'application/json' }

  return [
    property(
      'a body is refused with 400 exactly when it is not JSON as it is promised, and with 422 when it is no login',
      bytes,
      async (text) => {
        const body = Buffer.from(text, 'latin1')
        const answer = await service().call('POST', login, { body, headers: json })
        const read = readBody(body)
        if (body.length > 16 * 1024) return assert.equal(answer.status, 413)
        if (read === null) return assert.equal(answer.status, 400, answer.text)
        assert.ok(answer.status === 422 || (answer.status === 401 && isCredentials(read.value)), answer.text)
      },
      200,
    ),

    property(
      'of all Content-Types one is read',
      near('application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"', 'text/plain'),
      async (text) => {
        const type = text.replaceAll(/[^\t -~\x80-\xff]/g, '').trim()
        const answer = await service().call('POST', login, {
          body: JSON.stringify(good),
          headers: { 'content-type': type },
        })
        const [essence, parameter, ...more] = type
          .toLowerCase()
          .split(';')
          .map((part) => part.trim())
        const charset = parameter === undefined || parameter.replaceAll('"', '') === 'charset=utf-8'
        if (essence !== 'application/json' || !charset || more.length > 0) assert.equal(answer.status, 415, answer.text)
        else assert.ok([401, 415].includes(answer.status), answer.text)
      },
      80,
    ),

    property(
      'an address that is registered is answered in its canonical form, and any other is refused',
      near('someone@example.com', 'SOME.ONE+tag@Mail.Example.com', "o'hara@example.co.uk"),
      async (text) => {
        const email = `${service().clock().getTime()}${text}`
        const answer = await service().call('POST', '/api/v1/auth/register', {
          json: { email, password: good.password },
        })
        if (answer.status === 200) return assert.equal(answer.body.email, email.toLowerCase())
        assert.ok([400, 409, 413, 422].includes(answer.status), answer.text)
        if (answer.status === 422) assert.equal(answer.body.errors[0].field, 'email', answer.text)
      },
      80,
    ),
  ]
}
