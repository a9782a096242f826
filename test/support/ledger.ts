/** Runs one statement in the database that the service writes to. */
export type Look = <T>(statement: string) => Promise<T[]>

/**
 * What clients were told is done, kept in the test's own memory where no fault reaches it, to be compared with the
 * database afterwards, entry by entry.
 */
export interface Ledger {
  registered(userId: number): void
  loggedIn(sessionId: string): void
  /** A refresh was answered: the session has come to this generation. */
  rotated(sessionId: string, generation: number): void
  loggedOut(sessionId: string): void
  passwordChanged(userId: number): void
  /** A login with a wrong password was refused. */
  loginFailed(userId: number): void
  /** An answer that no client should get, whatever has failed. */
  surprise(what: string): void
  /** How many entries of each kind there are. */
  counts(): Record<'registered' | 'loggedIn' | 'rotated' | 'loggedOut' | 'passwordChanged' | 'loginFailed', number>
  /** Resolves when so many more entries have been made. */
  more(entries: number): Promise<void>
  /** Resolves when there is an entry of each kind: those of passwords take long on a busy machine. */
  each(): Promise<void>
  /** What was told and is not so, or was done twice: a sentence each. */
  lost(look: Look): Promise<string[]>
}

interface SessionRow {
  readonly id: string
  readonly generation: number
  readonly revoked: boolean
}

export function createLedger(): Ledger {
  const users = new Set<number>()
  const logins = new Set<string>()
  const generations = new Map<string, number>()
  const ended = new Set<string>()
  const changes = new Map<number, number>()
  const failures = new Set<number>()
  const surprises: string[] = []
  let rotations = 0
  let entries = 0
  let waiting: { done: () => boolean; resolve: () => void }[] = []

  const entered = () => {
    entries++
    // Nobody waits any longer where the test has failed.
    const over = ({ done }: { done: () => boolean }) => surprises.length > 0 || done()
    for (const one of waiting) if (over(one)) one.resolve()
    waiting = waiting.filter((one) => !over(one))
  }
  const until = async (done: () => boolean) => {
    if (surprises.length === 0 && !done()) {
      await new Promise<void>((resolve) => waiting.push({ done, resolve }))
    }
  }
  const counts = () => ({
    registered: users.size,
    loggedIn: logins.size,
    rotated: rotations,
    loggedOut: ended.size,
    passwordChanged: [...changes.values()].reduce((sum, count) => sum + count, 0),
    loginFailed: failures.size,
  })

  return {
    registered(userId) {
      users.add(userId)
      entered()
    },
    loggedIn(sessionId) {
      logins.add(sessionId)
      entered()
    },
    rotated(sessionId, generation) {
      generations.set(sessionId, generation)
      rotations++
      entered()
    },
    loggedOut(sessionId) {
      ended.add(sessionId)
      entered()
    },
    passwordChanged(userId) {
      changes.set(userId, (changes.get(userId) ?? 0) + 1)
      entered()
    },
    loginFailed(userId) {
      failures.add(userId)
      entered()
    },
    surprise(what) {
      surprises.push(what)
      entered()
    },
    counts,
    more(count) {
      const target = entries + count
      return until(() => entries >= target)
    },
    each: () => until(() => Object.values(counts()).every((count) => count > 0)),

    async lost(look) {
      const epochs = new Map(
        (await look<{ id: number; epoch: number }>('SELECT id::int AS id, epoch FROM users')).map((row) => [
          row.id,
          row.epoch,
        ]),
      )
      const sessions = new Map(
        (
          await look<SessionRow>('SELECT id::text AS id, generation, revoked_at IS NOT NULL AS revoked FROM sessions')
        ).map((row) => [row.id, row]),
      )
      const events = await look<{ what: string; times: number }>(
        `SELECT concat_ws(' ', kind, coalesce(CASE WHEN kind IN ('logged_in', 'logged_out') THEN session_id::text END,
           user_id::text)) AS what, count(*)::int AS times
         FROM audit_events GROUP BY 1`,
      )
      const audited = new Map(events.map(({ what, times }) => [what, times]))
      const wrong: string[] = [...surprises]
      const expect = (holds: boolean, sentence: string) => {
        if (!holds) wrong.push(sentence)
      }
      const once = (what: string) => expect(audited.get(what) === 1, `${what}: ${audited.get(what) ?? 0} audit events`)

      for (const id of users) {
        expect(epochs.has(id), `user ${id} is lost`)
        once(`registered ${id}`)
      }
      for (const id of logins) {
        expect(sessions.has(id), `the login ${id} is lost`)
        once(`logged_in ${id}`)
      }
      for (const [id, told] of generations) {
        // The one that nobody was told of was under way at the end.
        const there = sessions.get(id)?.generation ?? -1
        expect(there === told || there === told + 1, `session ${id} was at ${told} and is at ${there}`)
      }
      for (const id of ended) {
        expect(sessions.get(id)?.revoked === true, `the logout of ${id} is lost`)
        once(`logged_out ${id}`)
      }
      for (const [id, told] of changes) {
        const there = epochs.get(id) ?? -1
        expect(there === told || there === told + 1, `user ${id} changed the password ${told} times, is at ${there}`)
        const events = audited.get(`password_changed ${id}`) ?? 0
        expect(events === there, `user ${id}: ${there} changes, ${events} audit events`)
      }
      // One whose answer got lost was asked again, and failed again.
      for (const id of failures) expect(audited.has(`login_failed ${id}`), `no audit event of ${id}'s failed login`)
      return wrong
    },
  }
}
