import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEmailAddress } from '../../src/kernel/email-address.ts'

const label63 = 'a'.repeat(63)
const longest = `${'l'.repeat(64)}@${label63}.${label63}.${'b'.repeat(57)}.com`

const accepted: [what: string, text: string, canonical?: string][] = [
  ['the example of the docs', 'user@example.com'],
  ['one letter each', 'a@b.c'],
  ['upper case, which is lowered', 'Jane.ROE@Example.COM', 'jane.roe@example.com'],
  ['a tag, which is kept', 'jane+news@example.com'],
  ['dots, which are kept', 'j.a.n.e@gmail.com'],
  ['every sign that an atom may hold', "!#$%&'*+/=?^_`{|}~-@example.com"],
  ['digits alone before the sign', '12345@example.com'],
  ['digits alone in a label', 'user@163.com'],
  ['a hyphen within a label', 'user@my-host.example.com'],
  ['two hyphens within a label, as of an A-label', 'user@xn--bcher-kva.example'],
  ['a hyphen at either end of the local part', '-user-@example.com'],
  ['the longest local part, 64', `${'l'.repeat(64)}@example.com`],
  ['the longest label, 63', `user@${label63}.com`],
  ['the longest address, 254', longest],
]

const refused: [what: string, text: string][] = [
  ['nothing', ''],
  ['no sign', 'user.example.com'],
  ['the sign alone', '@'],
  ['no local part', '@example.com'],
  ['no domain', 'user@'],
  ['two signs', 'user@example@example.com'],
  ['a domain without a dot', 'user@localhost'],
  ['a dot at the start', '.user@example.com'],
  ['a dot at the end of the local part', 'user.@example.com'],
  ['two dots in the local part', 'us..er@example.com'],
  ['a dot at the start of the domain', 'user@.example.com'],
  ['a dot at the end of the domain', 'user@example.com.'],
  ['two dots in the domain', 'user@example..com'],
  ['a hyphen at the start of a label', 'user@-example.com'],
  ['a hyphen at the end of a label', 'user@example-.com'],
  ['an underscore in a label', 'user@ex_ample.com'],
  ['a local part of 65', `${'l'.repeat(65)}@example.com`],
  ['a label of 64', `user@${'a'.repeat(64)}.com`],
  ['an address of 255', longest.replace('.com', '.comm')],
  ['a megabyte', `${'a'.repeat(1 << 20)}@example.com`],
  ['a megabyte of labels', `user@${'a.'.repeat(1 << 19)}com`],
  ['a space before', ' user@example.com'],
  ['a space after', 'user@example.com '],
  ['a space within', 'us er@example.com'],
  ['a line feed after', 'user@example.com\n'],
  ['a second header line', 'user@example.com\r\nBcc: other@example.com'],
  ['NUL', 'user\0@example.com'],
  ['DEL', 'user\x7f@example.com'],
  ['a quoted local part', '"us er"@example.com'],
  ['a quoted pair', '"us\\"er"@example.com'],
  ['a comment', 'user(comment)@example.com'],
  ['a comment in the domain', 'user@(comment)example.com'],
  ['a name and angle brackets', 'Jane <user@example.com>'],
  ['two addresses', 'user@example.com,other@example.com'],
  ['an IPv4 literal', 'user@[192.0.2.1]'],
  ['an IPv6 literal', 'user@[IPv6:2001:db8::1]'],
  ['a backslash', 'us\\er@example.com'],
  ['a port', 'user@example.com:25'],
  ['an umlaut', 'jürgen@example.com'],
  ['an umlaut in the domain', 'user@bücher.example'],
  ['the Kelvin sign U+212A, which lower-cases to k', '\u212aate@example.com'],
  ['the Kelvin sign in the domain', 'user@\u212aate.com'],
  ['İ U+0130, which lower-cases to i and a dot', '\u0130vy@example.com'],
  ['ſ U+017F, which upper-cases to S', 'u\u017fer@example.com'],
  ['full-width letters', 'ｕｓｅｒ@example.com'],
  ['the full-width sign', 'user\uff20example.com'],
  ['the ideographic full stop', 'user@example\u3002com'],
  ['a zero-width space', 'us\u200ber@example.com'],
  ['a soft hyphen', 'us\u00ader@example.com'],
  ['a lone surrogate', 'us\ud83der@example.com'],
]

for (const [what, text, canonical = text] of accepted) {
  test(`accepts ${what}`, () => {
    assert.equal(parseEmailAddress(text), canonical)
    assert.equal(parseEmailAddress(canonical), canonical, 'the canonical form is its own')
  })
}

for (const [what, text] of refused) {
  test(`refuses ${what}`, () => assert.equal(parseEmailAddress(text), null))
}

test('the table speaks of the limits themselves', () => assert.equal(longest.length, 254))
