import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { password } from '../support/service.ts'
import { type Arena, expect, openArena } from './arena.ts'

/** Of the usual password, at a cost that no configuration allows any more. */
const oldHash = '$2b$05$lavTi12z8cB8OdUxhswkjOzlSxGC/fl47/LszL8oo8t.7hZ9f6VVO'

describe('racing registrations and logins, over two processes', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena()
  })
  after(() => arena[Symbol.asyncDispose]())

  it('of 24 parallel registrations of one e-mail address, however spelt, one makes an account', async () => {
    const spellings = ['racer@example.com', 'Racer@example.com', 'RACER@EXAMPLE.COM', 'racer@Example.Com']
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        arena.next().call('POST', '/api/v1/auth/register', { json: { email: spellings[index % 4], password } }),
      ),
    )
    const made = answers.filter(({ status }) => status === 200)
    assert.equal(made.length, 1)
    for (const answer of answers) if (answer.status !== 200) expect(answer, 409, 'email_taken')
    assert.deepEqual(await arena.query(`SELECT id::int, email FROM users WHERE lower(email) = 'racer@example.com'`), [
      made[0]?.body,
    ])
    const events = await arena.query(`SELECT FROM audit_events WHERE kind = 'registered' AND user_id = $1`, [
      made[0]?.body.id,
    ])
    assert.equal(events.length, 1)
  })

  it('24 parallel logins renew an old hash once, all succeed, and the new hash is right', async () => {
    const { id, ...person } = await arena.person()
    await arena.query('UPDATE users SET password_hash = $1 WHERE id = $2', [oldHash, id])
    await arena.query('CREATE TABLE renewals (hash text NOT NULL)')
    await arena.query(`CREATE FUNCTION note_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO renewals VALUES (NEW.password_hash); RETURN NEW; END $$`)
    await arena.query(`CREATE TRIGGER note_renewal AFTER UPDATE OF password_hash ON users
      FOR EACH ROW EXECUTE FUNCTION note_renewal()`)

    const answers = await Promise.all(
      Array.from({ length: 24 }, () => arena.next().call('POST', '/api/v1/auth/login', { json: person })),
    )
    for (const answer of answers) expect(answer, 200)

    const [user] = await arena.query<{ hash: string }>('SELECT password_hash AS hash FROM users WHERE id = $1', [id])
    assert.ok(user)
    assert.match(user.hash, /^\$2b\$10\$/)
    assert.deepEqual(await arena.query('SELECT hash FROM renewals'), [user])
    const sessions = await arena.query('SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [id])
    assert.equal(sessions.length, 24)
    expect(await arena.next().call('POST', '/api/v1/auth/login', { json: person }), 200)
    assert.equal((await arena.query('SELECT FROM renewals')).length, 1)
  })
})
