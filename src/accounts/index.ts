import type { Audit } from '../audit/index.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Transact } from '../kernel/transact.ts'
import type { Server } from '../platform/http/server.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/postgres/tables.ts'
import type { Proven, RevokeSessions, TokenGuards, TokenPair } from '../sessions/index.ts'
import type { LoginGuard, RouteLimits } from '../throttle/index.ts'
import { acceptPassword } from './application/accept-password.ts'
import { changePassword } from './application/change-password.ts'
import { createAccount } from './application/create-account.ts'
import { deleteAccount } from './application/delete-account.ts'
import { disableUser } from './application/disable-user.ts'
import { enableUser } from './application/enable-user.ts'
import { listAccounts } from './application/list-accounts.ts'
import { logIn } from './application/log-in.ts'
import { register } from './application/register.ts'
import { setPassword } from './application/set-password.ts'
import { showAccount } from './application/show-account.ts'
import { unlockUser } from './application/unlock-user.ts'
import { acceptHash } from './domain/accept-hash.ts'
import { wordsOfHost } from './domain/context-words.ts'
import { isLockedOut as isLockedOutAfter } from './domain/lockout.ts'
import { accountRecordsPostgres } from './infrastructure/account-records.postgres.ts'
import { accountStorePostgres } from './infrastructure/account-store.postgres.ts'
import { authRoutes } from './infrastructure/auth-routes.ts'
import { breachedPasswordsHibp } from './infrastructure/breached-passwords.hibp.ts'
import { createCommonPasswords } from './infrastructure/common-passwords.ts'
import type { HashersLine, HashingLine } from './infrastructure/hash-calls.ts'
import { hostHashing } from './infrastructure/hashing-host.ts'
import { createPasswordHasher } from './infrastructure/password-hasher.bcrypt.ts'
import { remotePasswordHasher } from './infrastructure/password-hasher.remote.ts'
import { type OnHash, timedHasher } from './infrastructure/password-hasher.timed.ts'
import { userRoutes } from './infrastructure/user-routes.ts'

export type { AcceptHash } from './domain/accept-hash.ts'
export type { HashersLine, HashingLine } from './infrastructure/hash-calls.ts'
export { measureHash } from './infrastructure/measure-hash.bcrypt.ts'

interface Deps {
  readonly database: Database
  readonly transact: Transact
  readonly clock: Clock
  readonly audit: Audit
  readonly log: Log
  readonly bcryptCost: number
  /** Its host is a name of this service. */
  readonly publicUrl: string
  readonly breachCheck: 'off' | 'hibp'
  /** In seconds. */
  readonly hashDeadline: number
  /** The line to the process that hashes for this one; null where this one does so itself. */
  readonly hashedAt: HashingLine | null
  /** Told of every password that is hashed or checked for this process. */
  readonly onHash?: OnHash | undefined
  readonly openSession: (who: Proven, caller: Caller) => Promise<TokenPair | null>
  readonly revokeSessions: RevokeSessions
  readonly guards: TokenGuards
  readonly loginGuard: LoginGuard
  /** Whether failures count, and so many in a row may be too many; asked anew each time. */
  readonly lockOut: () => boolean
  readonly limits: RouteLimits
  readonly tokenAnswer: Parameters<typeof authRoutes>[1]['tokenAnswer']
}

/** Lengths in code points. */
const policy = { minLength: 8, maxLength: 256 }

/** The feature: its routes, and the hashing workers to be closed with the service. */
export function createAccounts(deps: Deps) {
  const { database, transact, clock, audit, log, openSession, revokeSessions, guards, loginGuard, limits } = deps
  const accounts = accountStorePostgres(database)
  const records = accountRecordsPostgres(database)
  const pool = deps.hashedAt
    ? remotePasswordHasher(deps.hashedAt)
    : createPasswordHasher({
        cost: deps.bcryptCost,
        deadlineMs: deps.hashDeadline * 1000,
        log: (event) => log.warn(event, 'a stored password hash can not be verified'),
      })
  const hasher = deps.onHash ? timedHasher(pool, deps.onHash) : pool
  const onRenewalFailed = (err: unknown) => log.warn({ err }, 'a password hash could not be renewed')
  const onUnsettled = (err: unknown) => log.warn({ err }, 'a login is open and still counts as a failure')
  const isLockedOut: typeof isLockedOutAfter = (...streak) => deps.lockOut() && isLockedOutAfter(...streak)
  const setting = { accounts, hasher, audit, transact, clock, acceptPassword: onePolicy(deps), loginGuard }
  const routes = { limits, policy, expectRoom: hasher.expectRoom }
  return {
    routes(app: Server) {
      authRoutes(app, {
        ...routes,
        register: register(setting),
        logIn: logIn({ ...setting, isLockedOut, openSession, onRenewalFailed, onUnsettled }),
        tokenAnswer: deps.tokenAnswer,
      })
      userRoutes(app, {
        ...routes,
        guards,
        changePassword: changePassword({ ...setting, isLockedOut, countsFailures: deps.lockOut, revokeSessions }),
      })
    },
    list: listAccounts({ records }),
    show: showAccount({ records, isLockedOut }),
    create: createAccount(setting),
    delete: deleteAccount({ records, revokeSessions, loginGuard, audit, transact, clock }),
    setPassword: setPassword({ ...setting, records, revokeSessions }),
    /** Judges a hash that another system made. */
    acceptHash: acceptHash(deps.bcryptCost),
    disable: disableUser({ accounts, revokeSessions, audit, transact, clock }),
    enable: enableUser({ accounts, audit, transact, clock }),
    unlock: unlockUser({ accounts, loginGuard, audit, clock }),
    /** Has the process at the other end of that line share this one's hashing, and its queue. */
    hashFor: (line: HashersLine) => hostHashing(pool, line),
    /** How many hashes wait and run; null where another process knows. */
    hashing: pool.state,
    /** Rejects where passwords can't be hashed, so that the start fails and not the first login. */
    tryOut: () => hasher.tryOut(),
    close: () => hasher.close(),
  }
}

/** What every new password goes through, whichever use case sets it. */
function onePolicy({ log, publicUrl, breachCheck }: Deps) {
  const serviceWords = ['latchkey', ...wordsOfHost(new URL(publicUrl).hostname)]
  return acceptPassword({
    policy,
    lists: { serviceWords, isCommon: createCommonPasswords() },
    isBreached: breachCheck === 'hibp' ? breachedPasswordsHibp({ log }) : async () => false,
  })
}
