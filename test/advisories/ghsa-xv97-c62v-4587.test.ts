// GHSA-xv97-c62v-4587 (NextAuth.js): a list of addresses passed for one, and mail for its owner went to a stranger as well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEmailAddress } from '../../src/kernel/email-address.ts'

test('a text with more than one address in it, in any notation of mail, is no address', () => {
  const [one, other] = ['victim@example.com', 'thief@evil.example']
  const between = [
    ',',
    ', ',
    ';',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\r\nBcc: ',
    '%0aBcc:',
    '\0',
    '|',
    '>,<',
    ' <',
    '?cc=',
    '&bcc=',
    '/',
  ]
  for (const text of between) {
    assert.equal(parseEmailAddress(`${one}${text}${other}`), null, JSON.stringify(text))
    assert.equal(parseEmailAddress(`${other}${text}${one}`), null, JSON.stringify(text))
  }
  for (const text of [
    `<${one}>`,
    `Victim <${one}>`,
    `group: ${one};`,
    `mailto:${one}`,
    `${one},`,
    `,${one}`,
    `(${other})${one}`,
  ]) {
    assert.equal(parseEmailAddress(text), null, text)
  }
  assert.equal(parseEmailAddress(one), one)
})
