import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { hash } from '@node-rs/bcrypt'
import { Client } from 'pg'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { assertUnavailable, deeds, does, openScene, type Scene } from './scene.ts'

/** How often a transaction is tried in all: once, and three times again. */
const tries = 4

/**
 * Triggers of the test's own on what the calls write: as long as the plan says, the write fails with its code, either
 * at once or at the commit. A sequence counts the tries, for no rollback takes it back.
 */
const saboteur = `
  CREATE TABLE fault_plan (code text NOT NULL, moment text NOT NULL, times integer NOT NULL);
  CREATE SEQUENCE fault_tries;
  CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE plan fault_plan%ROWTYPE;
    BEGIN
      SELECT * INTO plan FROM fault_plan WHERE moment = TG_ARGV[0];
      IF FOUND AND nextval('fault_tries') <= plan.times THEN
        RAISE EXCEPTION 'a fault of the test' USING ERRCODE = plan.code;
      END IF;
      RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$;
  CREATE TRIGGER fault_now BEFORE INSERT OR UPDATE OF password_hash ON users
    FOR EACH ROW EXECUTE FUNCTION fault('write');
  CREATE TRIGGER fault_now BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION fault('write');
  CREATE TRIGGER fault_count BEFORE UPDATE ON login_streaks FOR EACH ROW EXECUTE FUNCTION fault('count');
  CREATE TRIGGER fault_place BEFORE DELETE ON known_places FOR EACH ROW EXECUTE FUNCTION fault('forget');
  CREATE CONSTRAINT TRIGGER fault_late AFTER INSERT OR UPDATE OF password_hash ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault('commit');
  CREATE CONSTRAINT TRIGGER fault_late AFTER INSERT OR UPDATE ON sessions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault('commit')`

describe('a database that refuses a write for now', () => {
  let scene: Scene
  before(async () => {
    scene = await openScene(undefined, { RATE_LIMIT: 'on' })
    await scene.query(saboteur)
  })
  after(() => scene[Symbol.asyncDispose]())
  afterEach(async () => {
    await plan(null)
    // All come from one address, whose quotas are whole again by then.
    scene.service.clock.advance(3600)
  })

  type Moment = 'write' | 'commit' | 'count' | 'forget'
  async function plan(failing: { code: string; moment: Moment; times: number } | null): Promise<void> {
    await scene.query('DELETE FROM fault_plan')
    await scene.query('ALTER SEQUENCE fault_tries RESTART')
    if (!failing) return
    const { code, moment, times } = failing
    await scene.query('INSERT INTO fault_plan VALUES ($1, $2, $3)', [code, moment, times])
  }
  const tried = () => scene.one('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM fault_tries')

  for (const [name, prepare] of Object.entries(deeds)) {
    const again = tries
    for (const code of ['40001', '40P01']) {
      it(`${name}: after ${code} it is tried again, at most three times, and done once`, async () => {
        for (const moment of ['write', 'commit'] as const) {
          const deed = await prepare(scene)
          await plan({ code, moment, times: again - 1 })
          const answer = await does(scene, deed)
          assert.equal(answer.status, deed.success, answer.text)
          assert.ok((await tried()) >= again)
          await plan(null)
          assert.equal(await deed.effect(), 1)
        }
      })
    }

    it(`${name}: what goes on failing is refused after as many tries, and not done`, async () => {
      for (const [code, moment, times] of [
        ['40001', 'write', again],
        ['40P01', 'commit', again],
        ['53100', 'write', 1],
        ['53100', 'commit', 1],
      ] as const) {
        const deed = await prepare(scene)
        await plan({ code, moment, times: 1_000 })
        assertUnavailable(await does(scene, deed))
        assert.equal(await tried(), times, `${code} at the ${moment}`)
        await plan(null)
        assert.equal(await deed.effect(), 0)
        await deed.retry(false)
      }
    })
  }

  const logIn = async (json: object) => (await scene.service.call('POST', '/api/v1/auth/login', { json })).status
  const failuresOf = async (email: string) => (await scene.service.service.accounts.show(email)).failures

  it('a login ends its failures after as many tries', async () => {
    const person = await scene.service.person()
    // The first attempt at an account inserts its row: what updates it is its end.
    await plan({ code: '40001', moment: 'count', times: tries - 1 })
    assert.equal(await logIn(person), 200)
    assert.equal(await tried(), tries)
    assert.deepEqual(await failuresOf(person.email), { known: 0, elsewhere: 0 })
  })

  it('a login whose failures can not be ended succeeds, and the next one ends them', async () => {
    const person = await scene.service.person()
    await plan({ code: '40001', moment: 'count', times: 1_000 })
    assert.equal(await logIn(person), 200)
    assert.equal(await tried(), tries)
    await plan(null)
    assert.deepEqual(await failuresOf(person.email), { known: 1, elsewhere: 0 })
    assert.equal(await logIn(person), 200)
    assert.deepEqual(await failuresOf(person.email), { known: 0, elsewhere: 0 })
  })

  it('the places of an account that is deleted are forgotten after as many tries', async () => {
    await scene.query('DELETE FROM known_places')
    const { email } = await scene.service.person()
    const { accounts } = scene.service.service
    const { id } = await accounts.show(email)
    await plan({ code: '40001', moment: 'forget', times: tries - 1 })
    await accounts.delete(id, { ip: null, userAgent: 'operator', requestId: 'a'.repeat(32) })
    assert.equal(await tried(), tries)
    assert.equal(await scene.one('SELECT count(*) FROM known_places'), 0)
  })

  it('a password hash is renewed after as many tries', async () => {
    const person = await scene.service.person()
    const outdated = await hash(person.password, 5)
    await scene.query('UPDATE users SET password_hash = $1 WHERE email = $2', [outdated, person.email])
    await plan({ code: '40001', moment: 'write', times: tries - 1 })
    assert.equal((await scene.service.call('POST', '/api/v1/auth/login', { json: person })).status, 200)
    await plan(null)
    const [row] = await scene.query('SELECT password_hash FROM users WHERE email = $1', [person.email])
    assert.notDeepEqual(row, { password_hash: outdated })
  })

  it('a password hash that can not be renewed stops no login', async () => {
    const person = await scene.service.person()
    const outdated = await hash(person.password, 5)
    await scene.query('UPDATE users SET password_hash = $1 WHERE email = $2', [outdated, person.email])
    // So many failures are the renewal's: what the login itself writes comes after it.
    await plan({ code: '40001', moment: 'write', times: tries })
    assert.equal((await scene.service.call('POST', '/api/v1/auth/login', { json: person })).status, 200)
    await plan(null)
    const [row] = await scene.query('SELECT password_hash FROM users WHERE email = $1', [person.email])
    assert.deepEqual(row, { password_hash: outdated })
  })

  it('a deadlock with another is resolved: the call is tried again and done once', async () => {
    const deed = await deeds['change password']?.(scene)
    assert.ok(deed)
    const other = new Client({ connectionString: scene.databaseUrl })
    await other.connect()
    try {
      // The other looks for a deadlock later than the service's transaction, which so is the one that is undone.
      await other.query("SET deadlock_timeout = '1min'; BEGIN")
      const rows = 'SELECT FROM sessions WHERE user_id = (SELECT user_id FROM sessions WHERE id = $1) FOR UPDATE'
      await other.query(rows, [deed.mark])
      const answer = does(scene, deed)
      const waiting = `SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'latchkey' AND wait_event_type = 'Lock'`
      while ((await scene.one(waiting)) === 0);
      await other.query('SELECT FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1) FOR UPDATE', [
        deed.mark,
      ])
      await other.query('COMMIT')
      assert.equal((await answer).status, deed.success)
      assert.equal(await deed.effect(), 1)
      const deadlocks = 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'
      while ((await scene.one(deadlocks)) === 0);
    } finally {
      await other.end()
    }
  })
})

describe('a database whose operator has made every transaction serializable', () => {
  let server: TestPostgres
  let scene: Scene
  let limited: Scene
  before(async () => {
    server = await startPostgres()
    scene = await openScene(server)
    limited = await openScene(server, { RATE_LIMIT: 'on' })
    for (const one of [scene, limited]) await makeSerializable(one)
  })
  after(async () => {
    await scene?.[Symbol.asyncDispose]()
    await limited?.[Symbol.asyncDispose]()
    await server?.stop()
  })

  async function makeSerializable(scene: Scene): Promise<void> {
    await scene.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`,
    )
    // Only new connections learn of it.
    await scene.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'latchkey'`,
    )
  }

  it('has each of ten logins at once, which all count for one account, answered truly or refused for now', async () => {
    const deed = await deeds.login?.(limited)
    assert.ok(deed)
    const answers = await Promise.all(Array.from({ length: 10 }, () => does(limited, deed)))
    const done = answers.filter(({ status }) => status === deed.success)
    for (const answer of answers) if (!done.includes(answer)) assertUnavailable(answer)
    assert.ok(done.length > 0)
    assert.equal(await deed.effect(), done.length)
  })

  it('has each of twenty equal calls at once answered truly or refused for now, and its deed done once', async () => {
    for (const [name, prepare] of Object.entries(deeds)) {
      // Twenty logins are twenty deeds.
      if (name === 'login') continue
      const deed = await prepare(scene)
      const answers = await Promise.all(Array.from({ length: 20 }, () => does(scene, deed)))
      const statuses = answers.map(({ status }) => status)
      assert.ok(statuses.includes(deed.success), `${name}: ${statuses.join(' ')}`)
      for (const answer of answers) if (answer.status >= 500) assertUnavailable(answer)
      assert.equal(await deed.effect(), 1, name)
      await deed.retry(true)
    }
  })
})
