import type { FastifyInstance } from 'fastify'
import { Refusal } from '../../kernel/refusal.ts'
import { headerValues } from './header-values.ts'

// Exactly this type; RFC 8259 has UTF-8 alone, so a charset that says so is harmless and any other is refused.
// What may repeat is read in one way alone, so that a header full of spaces is refused in one pass over it.
const jsonType = /^application\/json *(?:; *charset="?utf-8"? *)?$/i
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Takes JSON bodies strictly: UTF-8 without faults, no `__proto__`, no text that is not Unicode or holds NUL. */
export function acceptJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()

  app.addHook('preParsing', (request, _reply, _payload, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    const [type, ...more] = headerValues(request.raw, 'content-type')
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity' || more.length > 0 || (type !== undefined && !jsonType.test(type))) {
      return done(new Refusal('unsupported_media_type'))
    }
    done()
  })

  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    // Clients send the header by habit, even where a call takes no body.
    if (bytes.length === 0 && !request.routeOptions.schema?.body) return done(null, undefined)
    const text = decode(bytes)
    if (text === null) return done(new Refusal('malformed_request', { because: 'the body is not UTF-8' }))
    // The parser would pass over a byte order mark, which no JSON text may begin with (RFC 8259, section 8.1).
    if (text.startsWith('\ufeff')) return done(new Refusal('malformed_request', { because: 'a byte order mark' }))
    parseJson(request, text, (error, value) => {
      if (error) return done(new Refusal('malformed_request', { because: 'the body is not JSON' }))
      if (!isText(value))
        return done(new Refusal('malformed_request', { because: 'the body holds NUL or half a character' }))
      done(null, value)
    })
  })
}

function decode(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** Whether every string in a JSON value is well-formed Unicode without NUL: PostgreSQL stores no other. */
function isText(value: unknown): boolean {
  const open = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string' && (!next.isWellFormed() || next.includes('\0'))) return false
    if (typeof next === 'object' && next !== null) {
      for (const [key, inner] of Object.entries(next)) open.push(key, inner)
    }
  }
  return true
}
