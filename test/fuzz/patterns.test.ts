import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCommonForm } from '../../src/accounts/domain/common-forms.ts'
import { parseStoredHash } from '../../src/accounts/domain/stored-hash.ts'
import { verifyPassword } from '../../src/accounts/infrastructure/bcrypt-hash.ts'
import { isNetwork, isOrigin, publicUrl, secretKey } from '../../src/config-readers.ts'
import { parseEmailAddress } from '../../src/kernel/email-address.ts'
import { sanitizeUserAgent } from '../../src/kernel/user-agent.ts'
import { canonicalAddress } from '../../src/platform/http/address.ts'
import { clientAddress } from '../../src/platform/http/client-address.ts'
import { decodeClaims, splitCompact } from '../../src/platform/jwt/compact.ts'
import { beginningsOf, patternsOf, pump, within } from './patterns.ts'

const patterns = patternsOf('src/**/*.ts')
/** Four times what a stranger can send, so that what looks back each time is noticed on a fast machine too. */
const longest = 65_536
/** In milliseconds: a thousand times what reading in one pass takes, and a tenth of what looking back each time does. */
const patience = 10_000

/** What is slow on long repetitions, and why nobody can make it so. */
const excused: Readonly<Record<string, string>> = {
  'src/accounts/infrastructure/bcrypt-native.ts /=+$/': 'reads the base64 of 16 random bytes',
  'src/client/client.ts /\\/+$/': 'reads the URL that the developer of the app wrote',
  'src/verify/compact.ts /=+$/': 'reads base64 of at most 4096 characters, where = stands at the end alone',
}

test('all regular expressions of the sources are found', () => {
  assert.ok(patterns.length >= 40, `${patterns.length}`)
  const found = patterns.map(({ where, regex }) => `${where.replace(/:\d+$/, '')} ${regex}`)
  for (const name of Object.keys(excused)) assert.ok(found.includes(name), name)
})

for (const { where, regex } of patterns) {
  const name = `${where.replace(/:\d+$/, '')} ${regex}`
  if (excused[name]) continue
  test(`${where} reads 64 KB of anything in time that grows with its length alone`, () => {
    within(patience, () => pump((text) => text.search(regex), beginningsOf(regex), longest))
  })
}

/** Readers of whole texts. Some are bounded by what stands before them; here they see more. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  parseEmailAddress,
  canonicalAddress,
  isNetwork,
  isOrigin,
  publicUrl,
  splitCompact,
  decodeClaims,
  sanitizeUserAgent,
  // One that repeats itself is looked for at every period; the owner of the service writes it.
  secretKey: (text) => secretKey(text.slice(0, 16_384)),
  clientAddress: (text) => clientAddress('10.0.0.1', text, () => true),
  parseStoredHash,
  readCommonForm,
  verifyPassword: (text) => verifyPassword({ salt: () => '', hash: () => '' }, 'x', text, 4),
}

for (const [name, read] of Object.entries(readers)) {
  test(`${name} reads 100 KB of anything in time that grows with its length alone`, () => {
    const beginnings = [
      '',
      'a@',
      'a@a.',
      '$2b$04$',
      'eyJhbGciOiJFUzI1NiJ9.',
      'https://',
      '10.0.0.0/',
      '::',
      '10.0.0.1,',
    ]
    within(patience, () => pump(read, beginnings, 100 * 1024))
  })
}
