import assert from 'node:assert/strict'
import { type Answer, issuer } from './service.ts'

const members = ['type', 'title', 'status', 'detail', 'code', 'request_id']

/** Asserts that an answer is a refusal as the API promises it: a problem of RFC 9457 with this status and code. */
export function assertRefused(answer: Answer | undefined, status: number, code: string): void {
  assert(answer, 'no answer came')
  assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json(?:; charset=utf-8)?$/)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const { errors, ...body } = answer.body
  assert.deepEqual(Object.keys(body), members)
  assert.equal(body.status, status)
  assert.equal(body.type, `${issuer}/api/problems#${code}`)
  assert.match(body.request_id, /^[0-9a-f]{32}$/)
  assert.ok(body.title.length > 0 && body.detail.length > 0)
  assert.equal(Array.isArray(errors), code === 'validation_failed')
  assert.equal(answer.headers.get('www-authenticate')?.split(' ')[0], status === 401 ? 'Bearer' : undefined)
  assert.equal(answer.headers.has('retry-after'), status === 503 || status === 429)
}
