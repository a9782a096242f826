import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.person()

const login = '/api/v1/auth/login'
const register = '/api/v1/auth/register'
const post = (path: string, body: string | Uint8Array) =>
  service.call('POST', path, { body, headers: { 'content-type': 'application/json' } })
const genuine = JSON.stringify({ email: person.email, password: person.password })
const users = async () => Number((await service.query('SELECT count(*) FROM users'))[0]?.count)

/** The genuine body with more before its end. */
const withMore = (text: string) => genuine.replace(/}$/, `,${text}}`)

test('the body from which the others are made is accepted', async () => {
  assert.equal((await post(login, genuine)).status, 200)
  assert.equal((await post(login, ` \n\t\r${genuine} \n`)).status, 200)
})

const notJson: [what: string, body: string | Uint8Array][] = [
  ['nothing', ''],
  ['white space', ' \n\t'],
  ['one brace', '{'],
  ['a closed nothing', '}'],
  ['16 384 open brackets', '['.repeat(16_384)],
  ['a bare word', 'x'],
  ['NaN', 'NaN'],
  ['Infinity', '-Infinity'],
  ['True', '[True]'],
  ['undefined', '{"email":undefined}'],
  ['single quotes', "{'email':'a@example.com'}"],
  ['a name without quotes', '{email:"a@example.com"}'],
  ['a comma at the end', genuine.replace(/}$/, ',}')],
  ['a comma at the start', genuine.replace('{', '{,')],
  ['two commas', genuine.replace(',', ',,')],
  ['no comma', genuine.replace(',', ' ')],
  ['no colon', genuine.replace(':', ' ')],
  ['two colons', genuine.replace(':', '::')],
  ['a comment', `${genuine}/* x */`],
  ['a line comment', `${genuine}// x`],
  ['a word after its end', `${genuine} x`],
  ['a brace after its end', `${genuine}}`],
  ['a second value', `${genuine}${genuine}`],
  ['NUL after its end', `${genuine}\0`],
  ['a form feed before it', `\f${genuine}`],
  ['a no-break space before it', `\u00a0${genuine}`],
  ['a string that does not end', '"abc'],
  ['a line break inside a string', '{"email":"a\nb"}'],
  ['a tab inside a string', '{"email":"a\tb"}'],
  ['NUL inside a string', '{"email":"a\0b"}'],
  ['a bad escape', '{"email":"\\x41"}'],
  ['half an escape', '{"email":"\\u00"}'],
  ['a number with a zero before it', '[012]'],
  ['a number with a plus', '[+1]'],
  ['a number without an end', '[1.]'],
  ['a number without a start', '[.5]'],
  ['half an exponent', '[1e]'],
  ['a hexadecimal number', '[0x1]'],
  ['two minuses', '[--1]'],
  ['a byte order mark', `\ufeff${genuine}`],
  ['UTF-16', Buffer.from(`\ufeff${genuine}`, 'utf16le')],
  [
    'a byte that UTF-8 has not',
    Buffer.concat([Buffer.from(genuine.slice(0, -2)), Buffer.from([0xff]), Buffer.from('"}')]),
  ],
  ['an overlong slash', Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])],
  [
    'a surrogate in UTF-8',
    Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
  ],
  ['a character cut in two', Buffer.from('{"email":"é').subarray(0, -1)],
  ['an escaped NUL', genuine.replace(person.password, 'your_password\\u0000_123')],
  ['an escaped NUL in the address', genuine.replace('@', '\\u0000@')],
  ['an escaped NUL in a name', withMore('"a\\u0000":1')],
  ['half a surrogate pair', genuine.replace(person.password, 'your_password\\ud800_123')],
  ['the other half', genuine.replace(person.password, '\\udc00your_password_123')],
  ['both halves the wrong way round', genuine.replace(person.password, '\\udc00\\ud800_password')],
  ['half a surrogate pair in a name', withMore('"\\ud800":1')],
  ['half a surrogate pair deep inside', withMore('"x":[{"y":["\\ud800"]}]')],
  ['__proto__', withMore('"__proto__":{"role":"admin"}')],
  ['__proto__ with an escape', withMore('"\\u005f_proto__":{"role":"admin"}')],
  ['__proto__ inside', withMore('"x":{"__proto__":{"role":"admin"}}')],
  ['a prototype', withMore('"constructor":{"prototype":{"role":"admin"}}')],
]

for (const [what, body] of notJson) {
  test(`a body of ${what} is refused with 400 everywhere`, async () => {
    const before = await users()
    for (const path of [login, register]) assertRefused(await post(path, body), 400, 'malformed_request')
    assert.equal(await users(), before)
  })
}

const wrong: [what: string, body: string, errors: [field: string, code: string][]][] = [
  ['null', 'null', [['', 'wrong_type']]],
  ['a number', '1', [['', 'wrong_type']]],
  ['text', '"x"', [['', 'wrong_type']]],
  ['true', 'true', [['', 'wrong_type']]],
  ['a list', `[${genuine}]`, [['', 'wrong_type']]],
  ['5 000 nested lists', '['.repeat(5_000) + ']'.repeat(5_000), [['', 'wrong_type']]],
  [
    '8 000 nested lists in the password',
    `{"email":"a@example.com","password":${'['.repeat(8_000)}${']'.repeat(8_000)}}`,
    [['password', 'wrong_type']],
  ],
  [
    '2 700 nested objects',
    `${withMore(`"x":${'{"a":'.repeat(2_700)}1${'}'.repeat(2_700)}`)}`,
    [['x', 'unknown_field']],
  ],
  [
    'an empty object',
    '{}',
    [
      ['email', 'required'],
      ['password', 'required'],
    ],
  ],
  ['no password', '{"email":"a@example.com"}', [['password', 'required']]],
  ['no address', '{"password":"your_password_123"}', [['email', 'required']]],
  [
    'names in another case',
    '{"Email":"a@example.com","PASSWORD":"your_password_123"}',
    [
      ['email', 'required'],
      ['password', 'required'],
      ['Email', 'unknown_field'],
      ['PASSWORD', 'unknown_field'],
    ],
  ],
  ...['["a@example.com"]', '{"toString":"a@example.com"}', 'null', 'true', '1', '[]'].map(
    (value): [string, string, [string, string][]] => [
      `the address ${value}`,
      `{"email":${value},"password":"your_password_123"}`,
      [['email', 'wrong_type']],
    ],
  ),
  ...['["your_password_123"]', '{"length":12}', 'null', 'true', '123456789012', '1e999'].map(
    (value): [string, string, [string, string][]] => [
      `the password ${value}`,
      `{"email":"a@example.com","password":${value}}`,
      [['password', 'wrong_type']],
    ],
  ),
  ...[
    'id',
    'role',
    'is_admin',
    'email_verified',
    'created_at',
    'password_hash',
    'constructor',
    'toString',
    'hasOwnProperty',
  ].map((name): [string, string, [string, string][]] => [
    `the unknown field ${name}`,
    withMore(`"${name}":1`),
    [[name, 'unknown_field']],
  ]),
  ['a field without a name', withMore('"":1'), [['', 'unknown_field']]],
  ['a field whose name is a script', withMore('"<script>alert(1)</script>":1'), [['', 'unknown_field']]],
  ['a field whose name is a whole page', withMore(`"${'x'.repeat(5_000)}":1`), [['', 'unknown_field']]],
]

for (const [what, body, errors] of wrong) {
  test(`a body of ${what.slice(0, 60)} is refused with 422, which names the field`, async () => {
    const before = await users()
    for (const path of [login, register]) {
      const answer = await post(path, body)
      assertRefused(answer, 422, 'validation_failed')
      assert.deepEqual(
        answer.body.errors.map((error: { field: string; code: string }) => [error.field, error.code]),
        errors,
      )
      assert.ok(!answer.text.includes('your_password_123'))
    }
    assert.equal(await users(), before)
  })
}

test('a body of 1 500 unknown fields is answered with twenty errors', async () => {
  const answer = await post(
    login,
    JSON.stringify(Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`f${n}`, 1]))),
  )
  assertRefused(answer, 422, 'validation_failed')
  assert.equal(answer.body.errors.length, 20)
})

test('of two fields with one name the last counts, as it does for JSON.parse', async () => {
  assert.equal((await post(login, genuine.replace('{', '{"email":"x@example.com",'))).status, 200)
  assertRefused(await post(login, withMore('"email":"x@example.com"')), 401, 'invalid_credentials')
  assertRefused(await post(login, withMore('"email":null')), 422, 'validation_failed')
})

test('after all this every object is as it was, and the log holds JSON lines without a password', () => {
  assert.deepEqual(Object.keys(Object.prototype), [])
  assert.equal(({} as Record<string, unknown>).role, undefined)
  for (const line of service.logLines) {
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.equal(typeof JSON.parse(line).level, 'string')
    assert.ok(!line.includes('your_password') && !line.includes('zq8-vk3m'))
  }
})
