import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../../bench/adapter.ts'
import { responseReader } from '../../bench/load/response-reader.ts'

const plain = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
const empty = 'HTTP/1.1 204 No Content\r\ndate: today\r\n\r\n'
const chunked =
  'HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n, 0\r\nworld\r\n0\r\n\r\n'
const unicode = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength('{"n":"é😀"}')}\r\n\r\n{"n":"é😀"}`

/** The answers to what comes in pieces, all of them in the one buffer that the socket uses again and again. */
function read(...pieces: (string | Buffer)[]): Answer[] {
  const answers: Answer[] = []
  const push = responseReader((answer) => answers.push(answer))
  const buffer = Buffer.alloc(65_536)
  for (const piece of pieces) {
    const length = Buffer.from(piece).copy(buffer)
    push(buffer.subarray(0, length))
    buffer.fill('?')
  }
  return answers
}
const brief = (answers: Answer[]) => answers.map(({ status, body }) => [status, body])

describe('the reader of answers', () => {
  it('reads a body of a given length', () => {
    const [answer] = read(plain)
    assert.equal(answer?.status, 200)
    assert.equal(answer?.body, '{"a":1}')
    assert.match(answer?.head ?? '', /\r\nContent-Type: application\/json\r\n/)
  })

  it('reads answers without a body, chunked ones, and characters of several bytes', () => {
    assert.deepEqual(brief(read(empty)), [[204, '']])
    assert.deepEqual(brief(read(chunked)), [[401, 'hello, 0\r\nworld']])
    assert.deepEqual(brief(read(unicode)), [[200, '{"n":"é😀"}']])
  })

  it('reads several answers from one piece, each once', () => {
    const expected = [
      [200, '{"a":1}'],
      [204, ''],
      [401, 'hello, 0\r\nworld'],
      [200, '{"n":"é😀"}'],
    ]
    assert.deepEqual(brief(read(plain + empty + chunked + unicode)), expected)
  })

  it('reads the same wherever the pieces are cut', () => {
    const all = Buffer.from(plain + chunked + unicode + empty)
    const whole = brief(read(all))
    assert.equal(whole.length, 4)
    for (let cut = 1; cut < all.length; cut++) {
      assert.deepEqual(brief(read(all.subarray(0, cut), all.subarray(cut))), whole, `cut at ${cut}`)
    }
    assert.deepEqual(brief(read(...[...all].map((byte) => Buffer.from([byte])))), whole)
  })

  it('skips an interim answer', () => {
    assert.deepEqual(brief(read(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${plain}`)), [[200, '{"a":1}']])
  })

  it('takes a header for a length only by its whole name', () => {
    const odd = 'HTTP/1.1 200 OK\r\nx-content-length: 1\r\ncontent-length: 2\r\n\r\nok'
    assert.deepEqual(brief(read(odd)), [[200, 'ok']])
  })

  it('throws at what it can not read, and never waits for it', () => {
    assert.throws(() => read('SSH-2.0-OpenSSH\r\n\r\n'), /no HTTP\/1\.1 answer/)
    assert.throws(() => read('HTTP/1.1 200 OK\r\nserver: x\r\n\r\nbody'), /without a length/)
    assert.throws(() => read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'), /no size of a chunk/)
  })
})
