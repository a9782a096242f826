import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { password, startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

const register = (email: string, secret = password) =>
  service.call('POST', '/api/v1/auth/register', { json: { email, password: secret } })
const login = (email: string, secret = password) =>
  service.call('POST', '/api/v1/auth/login', { json: { email, password: secret } })
const users = async () => Number((await service.query('SELECT count(*) FROM users'))[0]?.count)

test('who fails to log in learns nothing of the account: neither status, headers nor bytes differ', async () => {
  const store = async (hash: string | null) => {
    const { email } = await service.person()
    const value = hash === null ? 'NULL' : `'${hash}'`
    await service.query(`UPDATE users SET password_hash = ${value} WHERE email = '${email}'`)
    return email
  }
  const { email } = await service.person()
  const attempts: [email: string, password?: string][] = [
    [email, 'not the password'],
    [email, ''],
    [email, 'x'.repeat(5_000)],
    [email, `${password} `],
    ['nobody@example.com'],
    [`${'l'.repeat(65)}@example.com`],
    [await store(null)],
    [await store('')],
    [await store('garbage')],
    [await store('$2b$04$tooshort')],
    [await store('$2x$04$abcdefghijklmnopqrstuuRZxqL3sC7rBCVlX0Hn0wFh1vDqY6vS6')],
    [await store('$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWg')],
    [await store('{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=')],
  ]
  const faces = new Set<string>()
  for (const [who, secret] of attempts) {
    const { status, headers, text, body } = await login(who, secret)
    const own = ['date', 'x-request-id']
    const names = [...headers].map(([name, value]) => (own.includes(name) ? name : `${name}: ${value}`))
    faces.add(JSON.stringify([status, names, text.replace(body.request_id, '')]))
  }
  assert.equal(faces.size, 1, [...faces].join('\n'))
  assertRefused(await login(email, 'not the password'), 401, 'invalid_credentials')
  assert.equal((await login(email)).status, 200)
  const unusable = service.logLines.filter((line) => line.includes('stored_hash_unusable'))
  // Of another system's the one by Argon2 can be checked; the five others can not.
  assert.equal(unusable.length, 5)
})

test('of 50 registrations of one address at once, in any case, one succeeds and one account is there', async () => {
  const before = await users()
  const spelled = (n: number) => (n % 2 ? 'race@example.com' : 'RACE@Example.COM')
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => register(spelled(n))))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  for (const answer of answers) if (answer.status !== 200) assertRefused(answer, 409, 'email_taken')
  assert.equal(await users(), before + 1)
  assert.equal((await login('Race@eXample.com')).status, 200)
})

for (const [what, one, other] of [
  ['a tag', 'user@example.com', 'user+tag@example.com'],
  ['a dot', 'user.name@gmail.com', 'username@gmail.com'],
  ['the name of the same provider', 'someone@gmail.com', 'someone@googlemail.com'],
  ['a subdomain', 'who@example.com', 'who@mail.example.com'],
  ['an underscore for a hyphen', 'a_b@example.com', 'a-b@example.com'],
] as const) {
  test(`two addresses that differ by ${what} are two accounts`, async () => {
    assert.equal((await register(one, 'first password')).status, 200)
    assertRefused(await login(other, 'first password'), 401, 'invalid_credentials')
    assert.equal((await register(other, 'second password')).status, 200)
    assertRefused(await login(one, 'second password'), 401, 'invalid_credentials')
    assertRefused(await login(other, 'first password'), 401, 'invalid_credentials')
  })
}

const notAddresses = [
  ...['', ' ', '@', 'a', 'a@', '@example.com', 'a@b', 'a@@example.com', 'a@b@example.com', 'a@example.com@'],
  ...[
    ' victim@example.com',
    'victim@example.com ',
    'victim@example.com\t',
    'victim@example.com\n',
    'victim @example.com',
  ],
  ...[
    'victim@example.com.',
    '.victim@example.com',
    'victim.@example.com',
    'vic..tim@example.com',
    'victim@example..com',
  ],
  ...['victim@-example.com', 'victim@example-.com', 'victim@.example.com', 'victim@exa_mple.com', 'victim@localhost'],
  ...['victim@[127.0.0.1]', 'victim@[IPv6:::1]', `victim@${'x'.repeat(64)}.com`],
  ...[
    '"attacker@evil.com x"@example.com',
    '"victim"@example.com',
    'victim(x)@example.com',
    'Victim <victim@example.com>',
  ],
  ...[
    'victim@example.com,attacker@evil.com',
    'victim@example.com;attacker@evil.com',
    'victim@example.com attacker@evil.com',
  ],
  ...[
    'victim@example.com\r\nBcc: attacker@evil.com',
    'victim@example.com%0d%0aBcc:x@evil.com',
    'mailto:victim@example.com',
  ],
  ...['victim@example.com?cc=attacker@evil.com', 'victim@example.com\\', "victim@example.com'--"],
  ...[
    'v\u0130ctim@example.com',
    'v\u0131ctim@example.com',
    'victim@example.\u212aom',
    '\u212a@example.com',
    '\u017f@example.com',
  ],
  ...[
    'stra\u00dfe@example.com',
    'victim\uff20example.com',
    'victim@\uff45xample.com',
    'e\u0301@example.com',
    '\u00e9@example.com',
  ],
  ...['vi\u0441tim@example.com', 'victim@ex\u0430mple.com', 'victim@b\u00fccher.example', 'vic\u200dtim@example.com'],
  ...['\u202evictim@example.com', 'victim@example.com\u200b', '\u{1f511}@example.com', 'victim\u00ad@example.com'],
  ...[`${'l'.repeat(65)}@example.com`, `${'l'.repeat(64)}@${'d.'.repeat(94)}de`, `a@${'d.'.repeat(160)}de`],
  ...[
    `${'a'.repeat(15_000)}@example.com`,
    `a@${'a'.repeat(15_000)}`,
    `a@${'a.'.repeat(7_500)}`,
    `a@${'a-'.repeat(7_500)}!`,
  ],
]

test('a text that is no e-mail address in ASCII, however alike, is refused with 422 and makes no account', async () => {
  await register('victim@example.com')
  const before = await users()
  for (const text of notAddresses) {
    const answer = await register(text)
    assertRefused(answer, 422, 'validation_failed')
    const fields = answer.body.errors.map((error: { field: string }) => error.field)
    assert.deepEqual([...new Set(fields)], ['email'], text.slice(0, 80))
    const attempt = await login(text)
    assert.ok([401, 422].includes(attempt.status), `${text.slice(0, 80)}: ${attempt.text}`)
  }
  assert.equal(await users(), before)
  assert.equal((await login('victim@example.com')).status, 200)
})

test('the longest addresses that there are can be registered', async () => {
  const local = `${'l'.repeat(64)}@example.com`
  const whole = `a@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(57)}.de`
  assert.equal(whole.length, 254)
  for (const email of [local, whole]) {
    assert.equal((await register(email)).status, 200)
    assert.equal((await login(email)).status, 200)
  }
})

// What bcrypt would cut at 72 bytes, or confuse.
const distinct: [what: string, own: string, others: string[]][] = [
  ['71 bytes', 'a'.repeat(71), ['a'.repeat(70), 'a'.repeat(72), 'a'.repeat(73)]],
  ['72 bytes', 'a'.repeat(72), ['a'.repeat(71), 'a'.repeat(73), `${'a'.repeat(72)}b`]],
  ['73 bytes', 'a'.repeat(73), ['a'.repeat(72), `${'a'.repeat(72)}b`, 'a'.repeat(74)]],
  ['256 characters', 'a'.repeat(256), ['a'.repeat(72), 'a'.repeat(255), `${'a'.repeat(255)}b`, 'a'.repeat(257)]],
  ['36 letters of two bytes', 'é'.repeat(36), [`${'é'.repeat(36)}x`, 'é'.repeat(35), 'é'.repeat(37)]],
  [
    'a letter that crosses byte 72',
    `${'a'.repeat(71)}é`,
    [`${'a'.repeat(71)}è`, `${'a'.repeat(71)}\u00c3`, 'a'.repeat(71)],
  ],
  ['24 letters of three bytes and more', `${'あ'.repeat(24)}x`, ['あ'.repeat(24), `${'あ'.repeat(24)}y`]],
  ['18 characters of four bytes and more', `${'🔑'.repeat(18)}x`, ['🔑'.repeat(18), `${'🔑'.repeat(18)}y`]],
  ['a word repeated', 'password1 password1 ', ['password1 ', 'password1 password1 password1 ']],
  ['composed letters', 'caf\u00e9 cr\u00e8me', ['cafe\u0301 cre\u0300me']],
  ['decomposed letters', 'cafe\u0301 cre\u0300me', ['caf\u00e9 cr\u00e8me']],
  ['letters in upper case', 'CORRECT Horse', ['correct horse', 'CORRECT HORSE']],
  ['a space at its end', 'correct horse ', ['correct horse', ' correct horse', 'correct horse  ']],
  ['U+FFFD', 'correct \ufffd horse', ['correct ? horse', 'correct  horse']],
  ['15 spaces', ' '.repeat(15), [' '.repeat(14), ' '.repeat(16), '']],
]

for (const [index, [what, own, others]] of distinct.entries()) {
  test(`a password of ${what} opens its account, and none that looks like it does`, async () => {
    const email = `distinct-${index}@example.com`
    assert.equal((await register(email, own)).status, 200)
    for (const other of others) assertRefused(await login(email, other), 401, 'invalid_credentials')
    assert.equal((await login(email, own)).status, 200)
  })
}

const refused: [what: string, password: string, code: string][] = [
  ['nothing', '', 'too_short'],
  ['7 characters', 'zq8-vk3', 'too_short'],
  ['7 characters of four bytes', '🔑'.repeat(7), 'too_short'],
  ['7 spaces', ' '.repeat(7), 'too_short'],
  ['257 characters', 'x'.repeat(257), 'too_long'],
  ['16 000 characters', 'x'.repeat(16_000), 'too_long'],
  ['the address', 'refused@example.com', 'contains_email'],
  ['the address in another case', 'REFUSED@example.com', 'contains_email'],
  ['a common word', 'password', 'too_common'],
  ['a common word in another case', 'PassWord', 'too_common'],
  ['common digits', '1234567890', 'too_common'],
  ["the service's name", 'Latchkey', 'too_common'],
]

for (const [what, secret, code] of refused) {
  test(`a new password of ${what} is refused with 422 and ${code}`, async () => {
    const answer = await register('refused@example.com', secret)
    assertRefused(answer, 422, 'validation_failed')
    const errors = answer.body.errors.map((error: { field: string; code: string }) => [error.field, error.code])
    assert.deepEqual(errors, [['password', code]])
    assert.ok(secret.trim() === '' || secret === 'password' || !answer.text.includes(secret))
    assertRefused(await login('refused@example.com', secret), 401, 'invalid_credentials')
  })
}

test('a password of a megabyte is refused with 413 before anybody hashes it', async () => {
  for (const call of [register, login])
    assertRefused(await call('a@example.com', 'x'.repeat(1 << 20)), 413, 'body_too_large')
})

test('neither a password nor a stored hash is in the log', () => {
  const log = service.logLines.join('')
  for (const secret of [
    password,
    'not the password',
    'correct horse',
    'first password',
    '$2b$',
    'zq8-vk3',
    'garbage',
  ]) {
    assert.ok(!log.includes(secret), secret)
  }
})
