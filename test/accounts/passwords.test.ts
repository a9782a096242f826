import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { password, startService, type TestService } from '../support/service.ts'

// Of those who ask elsewhere only this process is meant: what it sends to others is caught here.
const real = globalThis.fetch
let asked: string[] = []
let answer = (): Response => new Response('', { status: 503 })

let off: TestService
let on: TestService

before(async () => {
  globalThis.fetch = async (input, init) => {
    const { host, pathname } = new URL(input instanceof Request ? input.url : input)
    if (host.startsWith('127.0.0.1:')) return real(input, init)
    asked.push(`${host}${pathname}`)
    return answer()
  }
  const env = { PUBLIC_URL: 'https://login.corner-shop.example', RATE_LIMIT: 'off' }
  off = await startService({ env })
  on = await startService({ env: { ...env, PASSWORD_BREACH_CHECK: 'hibp' } })
})

after(async () => {
  globalThis.fetch = real
  await off?.close()
  await on?.close()
})

const register = (service: TestService, email: string, secret: string) =>
  service.call('POST', '/api/v1/auth/register', { json: { email, password: secret } })

const change = (service: TestService, token: string, wanted: string) =>
  service.call('PUT', '/api/v1/users/me/password', {
    token,
    json: { current_password: password, new_password: wanted },
  })

const codesOf = ({ body }: { body: { errors: { field: string; code: string }[] } }) =>
  body.errors.map(({ field, code }) => `${field} ${code}`)

const refused: [what: string, password: string, code: string][] = [
  ['nothing', '', 'too_short'],
  ['a space', ' ', 'too_short'],
  ['7 spaces', ' '.repeat(7), 'too_short'],
  ['257 characters', 'x'.repeat(257), 'too_long'],
  ['one of the commonest', 'Password1', 'too_common'],
  ['one of the 100 000 commonest', 'treetrun', 'too_common'],
  ['keys in a row', '1qaz2wsx', 'too_common'],
  ['the name of the product', 'Latchkey', 'too_common'],
  ['the name of the product and a year', 'Latchkey2026!', 'too_common'],
  ['the name of the host', 'login.corner-shop.example', 'too_common'],
  ['a word of the host', 'Corner-Shop1', 'too_common'],
  ['the address', 'ANNA.SMITH@mail.example', 'contains_email'],
  ['what is before the @', 'anna.smith', 'contains_email'],
  ['what is before the @ and more', 'Anna.Smith1!', 'contains_email'],
  ['a name of the address', 'smith_2026', 'contains_email'],
  ['the names the other way round', 'SmithAnna1', 'contains_email'],
  ['the domain', 'mail.example', 'contains_email'],
]

for (const [what, secret, code] of refused) {
  test(`a new password of ${what} is refused as ${code}`, async () => {
    const one = await register(off, 'anna.smith@mail.example', secret)
    assert.equal(one.status, 422, one.text)
    assert.deepEqual(codesOf(one), [`password ${code}`])
  })
}

test('a change of password is judged by the same rules, and a refused one leaves the old one valid', async () => {
  const email = 'anna.smith@mail.example'
  assert.equal((await register(off, email, password)).status, 200)
  const login = (secret: string) => off.call('POST', '/api/v1/auth/login', { json: { email, password: secret } })
  const token = (await login(password)).body.access_token
  for (const [what, secret, code] of refused) {
    const answered = await change(off, token, secret)
    assert.equal(answered.status, 422, what)
    assert.deepEqual(codesOf(answered), [`new_password ${code}`])
  }
  assert.equal((await login(password)).status, 200)
})

const accepted = [
  password,
  ' '.repeat(15),
  'anna smith walks to the corner shop',
  'latchkey under the doormat',
  'correct horse battery staple',
  '8306427519',
]

for (const [number, secret] of accepted.entries()) {
  test(`"${secret}" is accepted`, async () => {
    assert.equal((await register(off, `anna.smith${number}@mail.example`, secret)).status, 200)
  })
}

test('with PASSWORD_BREACH_CHECK off no request leaves the process', () => assert.deepEqual(asked, []))

test('with hibp a password that is known from a breach is refused at registration and at a change', async () => {
  const secret = 'known from a breach elsewhere'
  const sum = createHash('sha1').update(secret).digest('hex').toUpperCase()
  answer = () => new Response(`${sum.slice(5)}:17\r\n${'0'.repeat(35)}:0`)
  assert.deepEqual(codesOf(await register(on, 'breached@mail.example', secret)), ['password breached'])
  assert.deepEqual(await on.query('SELECT * FROM users'), [])
  const { access } = await on.loggedIn()
  assert.deepEqual(codesOf(await change(on, access, secret)), ['new_password breached'])
  assert.equal((await change(on, access, 'known to nobody else')).status, 204)

  assert.equal(asked.length, 4)
  assert.equal(asked[0], `api.pwnedpasswords.com/range/${sum.slice(0, 5)}`)
  const log = on.logLines.join('').toUpperCase()
  for (const word of [secret, sum.slice(5)]) assert.ok(!log.includes(word.toUpperCase()), word)
})

test('while the breaches can not be looked up passwords are accepted, and one warning says so', async () => {
  answer = () => new Response('down', { status: 503 })
  for (let number = 0; number < 5; number++) await on.person()
  const warnings = on.logLines.filter((line) => line.includes('breached passwords can not be looked up'))
  assert.equal(warnings.length, 1)
  assert.equal(JSON.parse(warnings[0] ?? '').because, 'status 503')
})

test('a login asks nobody about its password', async () => {
  const { email, password: secret } = await on.person()
  asked = []
  assert.equal((await on.call('POST', '/api/v1/auth/login', { json: { email, password: secret } })).status, 200)
  assert.deepEqual(asked, [])
})
