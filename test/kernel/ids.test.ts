import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSessionId, parseUserId } from '../../src/kernel/ids.ts'

const uuid = '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10'

const users: [what: string, text: unknown, id: number | null][] = [
  ['one', '1', 1],
  ['the largest safe integer', '9007199254740991', Number.MAX_SAFE_INTEGER],
  ['one past it', '9007199254740992', null],
  ['a number that would be rounded to another', '9007199254740993', null],
  ['seventeen digits', '10000000000000000', null],
  ['the largest bigint', '9223372036854775807', null],
  ['zero', '0', null],
  ['a leading zero', '01', null],
  ['a sign', '+1', null],
  ['a minus', '-1', null],
  ['a fraction', '1.0', null],
  ['an exponent', '1e3', null],
  ['hexadecimal', '0x1', null],
  ['a space', ' 1', null],
  ['a line feed', '1\n', null],
  ['a separator', '1_000', null],
  ['digits of another script', '\u0661', null],
  ['nothing', '', null],
  ['a number', 1, null],
  ['a list that prints as one', ['1'], null],
  ['an object that prints as one', { toString: () => '1' }, null],
  ['null', null, null],
  ['undefined', undefined, null],
]

const sessions: [what: string, text: unknown, id: string | null][] = [
  ['a UUID', uuid, uuid],
  ['upper case', uuid.toUpperCase(), null],
  ['one upper-case digit', uuid.replace('b', 'B'), null],
  ['braces', `{${uuid}}`, null],
  ['a URN', `urn:uuid:${uuid}`, null],
  ['no hyphens', uuid.replaceAll('-', ''), null],
  ['a digit less', uuid.slice(0, -1), null],
  ['a digit more', `${uuid}0`, null],
  ['a letter that is no digit', uuid.replace('b', 'g'), null],
  ['a line feed after', `${uuid}\n`, null],
  ['a space before', ` ${uuid}`, null],
  ['nothing', '', null],
  ['a list that prints as one', [uuid], null],
  ['null', null, null],
  ['undefined', undefined, null],
]

for (const [what, text, id] of users) {
  test(`a user's id, ${what}: ${id === null ? 'refused' : 'accepted'}`, () => assert.equal(parseUserId(text), id))
}

for (const [what, text, id] of sessions) {
  test(`a session's id, ${what}: ${id === null ? 'refused' : 'accepted'}`, () => assert.equal(parseSessionId(text), id))
}
