import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { testClock } from '../support/clock.ts'
import { assertRefused } from '../support/problems.ts'
import { type BackedUp, noDump, query, ways } from '../support/restore.ts'
import { password, startService, type TestService } from '../support/service.ts'

const SECRET_KEY = 'Vn3lq0Xo5s8Jw1bTz7RkE2uYc9Hd4GmA'
const another = 'aR8mZ2kQ7xW4nB9vL5cJ1tY6hF3gD0sE'
const why = await noDump()

const idIn = async (service: TestService, access: string) => {
  const { sub } = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString())
  assert.equal((await service.call('GET', '/api/v1/users/me', { token: access })).status, 200)
  return Number(sub)
}
const refresh = (service: TestService, token: string) => service.call('POST', '/api/v1/auth/refresh', { token })
const logOut = (service: TestService, token: string) => service.call('POST', '/api/v1/auth/logout', { token })
const me = (service: TestService, token: string) => service.call('GET', '/api/v1/users/me', { token })

/** Signs the audit log, and answers the checkpoint that the service's own log bears. */
async function checkpointOf({ service, logLines }: TestService): Promise<string> {
  await service.auditLog.seal({ final: true })
  const lines = logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'the audit log is signed')
  return lines.at(-1).checkpoint
}

for (const [way, start] of Object.entries(ways)) {
  describe(`a backup by ${way}, restored into a new database`, { skip: way === 'pg_dump' && why }, () => {
    const clock = testClock()
    const opened = new AsyncDisposableStack()
    let backup: BackedUp
    let first: Awaited<ReturnType<typeof live>>
    let url: string
    let service: TestService

    /** What happens before the backup and after it, in a service that is lost then. */
    async function live() {
      const service = await open(backup.url)
      const [staying, ended, rotated, endedLater] = [
        await service.loggedIn(),
        await service.loggedIn(),
        await service.loggedIn(),
        await service.loggedIn(),
      ]
      await logOut(service, ended.refresh)
      const lastId = await idIn(service, endedLater.access)
      const checkpoint = await checkpointOf(service)
      await backup.backUp()

      clock.advance(1)
      const next = await refresh(service, rotated.refresh)
      assert.equal((await logOut(service, endedLater.refresh)).status, 204)
      const stranger = await service.loggedIn()
      const strangerId = await idIn(service, stranger.access)
      const laterCheckpoint = await checkpointOf(service)
      const { kid } = JSON.parse(Buffer.from(staying.access.split('.')[0] ?? '', 'base64url').toString())
      await service.close()
      const after = { newest: String(next.body.refresh_token), stranger, strangerId, laterCheckpoint }
      return { staying, ended, rotated, endedLater, lastId, checkpoint, kid, ...after }
    }

    const open = (url: string, key = SECRET_KEY) => startService({ env: { DATABASE_URL: url, SECRET_KEY: key }, clock })

    before(async () => {
      backup = opened.use(await start())
      first = await live()
      url = await backup.restore()
      service = await open(url)
      opened.defer(() => service.close())
    })
    after(() => opened.disposeAsync())

    it('has an audit log that is whole, and a checkpoint from after the backup shows what is missing', async () => {
      const { auditLog } = service.service
      for (const checkpoint of [undefined, first.checkpoint]) {
        const { intact, text } = await auditLog.verify(checkpoint)
        assert.ok(intact, text)
      }
      const { intact, text } = await auditLog.verify(first.laterCheckpoint)
      assert.ok(!intact)
      assert.match(text, /^The audit log is broken/)
    })

    it('keeps tokens alive that were so at the backup, access tokens and refresh tokens', async () => {
      assert.equal((await me(service, first.staying.access)).status, 200)
      assert.equal((await refresh(service, first.staying.refresh)).status, 200)
    })

    it('keeps ended what had ended before the backup', async () => {
      assertRefused(await me(service, first.ended.access), 401, 'invalid_token')
      assertRefused(await refresh(service, first.ended.refresh), 401, 'invalid_token')
    })

    it('knows no refresh token from after the backup, and ends no session for it: the one before works again', async () => {
      assertRefused(await refresh(service, first.newest), 401, 'invalid_token')
      assert.equal((await refresh(service, first.rotated.refresh)).status, 200)
    })

    it('knows nobody who came after the backup', async () => {
      assertRefused(await me(service, first.stranger.access), 401, 'invalid_token')
      const { email } = first.stranger
      const login = await service.call('POST', '/api/v1/auth/login', { json: { email, password } })
      assertRefused(login, 401, 'invalid_credentials')
    })

    it('has sessions alive again that ended after it, until all are ended as the page says', async () => {
      const again = await refresh(service, first.endedLater.refresh)
      assert.equal(again.status, 200)
      await query(url, 'UPDATE sessions SET revoked_at = now() WHERE revoked_at IS NULL')
      assertRefused(await refresh(service, again.body.refresh_token), 401, 'invalid_token')
    })

    it('goes on with the ids where the backup was, unless the page is followed', async () => {
      const register = async (email: string) =>
        (await service.call('POST', '/api/v1/auth/register', { json: { email, password } })).body.id
      assert.ok(first.strangerId > first.lastId)
      assert.equal(await register('somebody-else@example.com'), first.strangerId)
      await query(url, 'ALTER TABLE users ALTER COLUMN id RESTART WITH 1000000')
      assert.equal(await register('another-one@example.com'), 1_000_000)
    })

    it('without the signing keys makes new ones: access tokens are refused, sessions live on', async () => {
      const fresh = await open(await backup.restore(false))
      try {
        const { keys } = (await fresh.call('GET', '/.well-known/jwks.json')).body
        assert.ok(keys.length > 0 && keys.every(({ kid }: { kid: string }) => kid !== first.kid))
        assertRefused(await me(fresh, first.staying.access), 401, 'invalid_token')
        const { status, body } = await refresh(fresh, first.staying.refresh)
        assert.equal(status, 200)
        assert.equal((await me(fresh, body.access_token)).status, 200)
        assert.ok((await fresh.service.auditLog.verify()).intact)
      } finally {
        await fresh.close()
      }
    })

    it('under another secret key starts without the signing keys alone, and knows no token', async () => {
      await assert.rejects(open(await backup.restore(), another), { name: 'WrongSecretKey' })
      const fresh = await open(await backup.restore(false), another)
      try {
        assertRefused(await me(fresh, first.staying.access), 401, 'invalid_token')
        assertRefused(await refresh(fresh, first.staying.refresh), 401, 'invalid_token')
        const { email } = first.staying
        assert.equal((await fresh.call('POST', '/api/v1/auth/login', { json: { email, password } })).status, 200)
        assert.ok(!(await fresh.service.auditLog.verify(first.checkpoint)).intact)
      } finally {
        await fresh.close()
      }
    })
  })
}
