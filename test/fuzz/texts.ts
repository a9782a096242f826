import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { type Bcrypt, verifyPassword } from '../../src/accounts/infrastructure/bcrypt-hash.ts'
import { parseEmailAddress } from '../../src/kernel/email-address.ts'
import { parseSessionId, parseUserId } from '../../src/kernel/ids.ts'
import { sanitizeUserAgent } from '../../src/kernel/user-agent.ts'
import { canonicalAddress } from '../../src/platform/http/address.ts'
import { requestIdOf } from '../../src/platform/http/request-id.ts'
import { near } from './mutate.ts'
import { type Property, property } from './property.ts'

const addresses = [
  ...[
    '192.0.2.7',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '2001:db8::1',
    '2001:DB8:0:0:0:0:0:1',
    '::ffff:192.0.2.7',
  ],
  ...['::FFFF:C000:0207', '::ffff:0:1', '64:ff9b::192.0.2.7', 'fe80::1%eth0', '1:2:3:4:5:6:7:8', '1::8', '::1.2.3.4'],
]

/** An address as its 16 bytes, by a reading of RFC 4291, section 2.2, that shares nothing with the service's. */
function bytesOf(text: string): number[] {
  const v4 = (part: string) => part.split('.').map(Number)
  if (isIP(text) === 4) return [...Array(10).fill(0), 255, 255, ...v4(text)]
  const [left = '', right] = text.split('::')
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').flatMap((group) => (group.includes('.') ? v4(group) : hex(group)))
  const hex = (group: string) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]
  const [head, tail] = [groups(left), groups(right ?? '')]
  return right === undefined ? head : [...head, ...Array(16 - head.length - tail.length).fill(0), ...tail]
}

/** Whether a text is an address of the form that is promised, said without a regular expression. */
function isCanonicalEmail(text: string): boolean {
  const [local = '', domain = '', ...more] = text.split('@')
  const atoms = local.split('.')
  const labels = domain.split('.')
  const all = (part: string, letters: string) => part !== '' && [...part].every((letter) => letters.includes(letter))
  const alphanumeric = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return (
    more.length === 0 &&
    text.length <= 254 &&
    local.length <= 64 &&
    atoms.every((atom) => all(atom, `${alphanumeric}!#$%&'*+/=?^_\`{|}~-`)) &&
    labels.length >= 2 &&
    labels.every(
      (label) => all(label, `${alphanumeric}-`) && label.length <= 63 && !label.startsWith('-') && !label.endsWith('-'),
    )
  )
}

/** bcrypt without its work, which counts how much work it would have been. */
function countingBcrypt(): Bcrypt & { rounds: number } {
  const counting = {
    rounds: 0,
    salt: (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(22)}`,
    hash(key: string, salt: string) {
      assert.match(salt, /^\$2b\$\d\d\$[./A-Za-z0-9]{21}[.Oeu]$/)
      counting.rounds += 2 ** Number(salt.slice(4, 6))
      return `${salt}${Buffer.from(`${key}-`).toString('hex').repeat(31).slice(0, 30)}.`
    },
  }
  return counting
}

const digest = `${Buffer.from('open sesame-').toString('hex').repeat(31).slice(0, 30)}.`
const salt = 'abcdefghijklmnopqrstuO'
const hashes = [
  `$2b$04$${salt}${digest}`,
  `$2a$05$${salt}${digest}`,
  `$2y$15$${salt}${digest}`,
  `$bcrypt-sha256$v=2,t=2b,r=4$${salt}$${digest}`,
  '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub',
  '$2x$04$abcdefghijklmnopqrstuOabcdefghijklmnopqrstuvwxyz01234',
]

export const texts: readonly Property[] = [
  property(
    'an e-mail address that is accepted is canonical, and reading it again changes nothing',
    near(
      "o'hara+tag@mail.example.co.uk",
      'USER@EXAMPLE.COM',
      `${'a'.repeat(64)}@example.com`,
      `a@${'b'.repeat(63)}.de`,
      `a@${'b'.repeat(62)}.de`,
    ),
    (text) => {
      const address = parseEmailAddress(text)
      if (address === null) {
        const ascii = [...text].every((letter) => letter <= '~')
        return assert.ok(!ascii || !isCanonicalEmail(text.toLowerCase()), 'refused, though it is one')
      }
      assert.ok(isCanonicalEmail(address), address)
      assert.match(text, /^[!-~]+$/)
      assert.equal(address.length, text.length)
      assert.equal(parseEmailAddress(address), address)
    },
    2000,
  ),

  property(
    'an id that is accepted is the one text of its value',
    fc.oneof(near('1', '42', '9007199254740991', '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10'), fc.jsonValue()),
    (value) => {
      const id = parseUserId(value)
      if (id !== null) {
        assert.ok(Number.isSafeInteger(id) && id > 0)
        assert.equal(String(id), value)
      }
      const session = parseSessionId(value)
      if (session === null) return
      assert.equal(session, value)
      const hex = session.replaceAll('-', '')
      assert.deepEqual([hex.length, Buffer.from(hex, 'hex').toString('hex')], [32, hex])
    },
    2000,
  ),

  property(
    'an address has one canonical text, which stands for the same address',
    near(...addresses),
    (text) => {
      const canonical = canonicalAddress(text)
      const [bare = ''] = text.split('%')
      if (canonical === null) return assert.equal(isIP(text), 0)
      assert.notEqual(isIP(canonical), 0)
      assert.equal(canonicalAddress(canonical), canonical)
      assert.deepEqual(bytesOf(canonical), bytesOf(bare))
      const mapped = `::ffff:${canonical}`
      if (isIP(canonical) === 4) assert.equal(canonicalAddress(mapped), canonical)
    },
    2000,
  ),

  property(
    'a request id is the trace id of a valid traceparent, or a new one of the same form',
    near(
      '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x',
    ),
    (traceparent) => {
      const id = requestIdOf({ headers: { traceparent } })
      assert.match(id, /^[0-9a-f]{32}$/)
      const [version = '', trace = '', parent = '', flags = ''] = traceparent.split('-')
      const valid = [version, trace, parent, flags].every((part) => Buffer.from(part, 'hex').toString('hex') === part)
      const lengths = [version, trace, parent, flags].map((part) => part.length)
      if (id === trace) assert.deepEqual([valid, lengths, /[1-9a-f]/.test(trace)], [true, [2, 32, 16, 2], true])
      const exact = traceparent.length === 55 && valid && lengths.join() === '2,32,16,2'
      if (exact && version !== 'ff' && /[1-9a-f]/.test(trace) && /[1-9a-f]/.test(parent)) assert.equal(id, trace)
    },
    1000,
  ),

  property(
    'a User-Agent is kept as at most 256 printable characters, and keeping it again changes nothing',
    near('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'curl/8.1', ' \t ', `a${' '.repeat(300)}b`),
    (header) => {
      const kept = sanitizeUserAgent(header)
      if (kept === null) return assert.match(header, /^[^!-~]*$/)
      assert.match(kept, /^[!-~](?:[ -~]{0,254}[!-~])?$/)
      assert.ok(!kept.includes('  '))
      assert.equal(sanitizeUserAgent(kept), kept)
    },
    1000,
  ),

  property(
    'a stored hash is read or named unusable, and every refusal takes the work of one hash',
    fc.record({ stored: near(...hashes), password: fc.oneof(fc.constant('open sesame'), near('open sesame')) }),
    ({ stored, password }) => {
      const cost = 6
      const bcrypt = countingBcrypt()
      const { matches, outdated, unusable } = verifyPassword(bcrypt, password, stored, cost)
      if (matches) {
        // What is a hash of this password has its digest, its salt and one of the three names of the algorithm.
        assert.match(stored, /^\$2[aby]\$\d\d\$|^\$bcrypt-sha256\$v=2,t=2b,r=\d\d?\$/)
        assert.match(stored, /^[!-~]{60,80}$/)
        assert.equal(unusable, undefined)
        assert.equal(verifyPassword(countingBcrypt(), `${password}x`, stored, cost).matches, false)
      } else {
        assert.equal(outdated, false)
        const spent = Number(/^\$2[aby]\$(\d\d)|,r=(\d\d?)\$/.exec(stored)?.slice(1).find(Boolean) ?? cost)
        assert.equal(bcrypt.rounds, 2 ** (unusable ? cost : Math.max(cost, spent)))
      }
    },
    1500,
  ),
]
