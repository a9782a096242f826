import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { SessionId } from '../kernel/ids.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Transact } from '../kernel/transact.ts'
import type { TokenSigner } from '../keys/index.ts'
import type { Server } from '../platform/http/server.ts'
import type { Database } from '../platform/postgres/tables.ts'
import type { RouteLimits } from '../throttle/index.ts'
import { endSessions } from './application/end-sessions.ts'
import { issueTokens } from './application/issue-tokens.ts'
import { listSessions } from './application/list-sessions.ts'
import { listUsersSessions } from './application/list-users-sessions.ts'
import { logOut } from './application/log-out.ts'
import { noteRefusal } from './application/note-refusal.ts'
import { openSession } from './application/open-session.ts'
import type { OnRefresh } from './application/ports.ts'
import { purgeSessions } from './application/purge-sessions.ts'
import { recognize } from './application/recognize.ts'
import { refreshSession } from './application/refresh-session.ts'
import { revokeAllSessions } from './application/revoke-all-sessions.ts'
import { revokeOtherSessions } from './application/revoke-other-sessions.ts'
import { revokeSession } from './application/revoke-session.ts'
import type { ReusePolicy } from './domain/rotation.ts'
import type { SessionLimits } from './domain/session.ts'
import { accessTokenJwt } from './infrastructure/access-token.jwt.ts'
import { refreshTokenJwt } from './infrastructure/refresh-token.jwt.ts'
import { sessionRoutes } from './infrastructure/session-routes.ts'
import { sessionStorePostgres } from './infrastructure/session-store.postgres.ts'
import { tokenGuards } from './infrastructure/token-guards.ts'
import { tokenRoutes } from './infrastructure/token-routes.ts'

export type { TokenPair } from './application/issue-tokens.ts'
export type { Proven } from './application/open-session.ts'
export type { AccessClaims } from './application/ports.ts'
export type { RevokeSessions } from './application/revoke-all-sessions.ts'
export { TokenAnswer, tokenAnswer } from './infrastructure/token-answer.ts'
export type { TokenGuards } from './infrastructure/token-guards.ts'

interface Deps {
  readonly database: Database
  readonly transact: Transact
  readonly clock: Clock
  readonly signer: TokenSigner
  readonly audit: Audit
  /** The key, of 32 bytes, of the MAC of refresh tokens; and the one before it, if it changed. */
  readonly macKey: Secret<Buffer>
  readonly previousMacKey: Secret<Buffer> | null
  readonly issuer: string
  readonly accessTokenTtl: number
  readonly limits: SessionLimits
  readonly routeLimits: RouteLimits
  readonly policy: ReusePolicy
  readonly maxSessionsPerUser: () => number
  /** How long one may wait for its turn at the database. */
  readonly patienceMs: number
  /** Told of every refresh token that comes, when it is known what becomes of it. */
  readonly onRefresh?: OnRefresh | undefined
}

const rest = (milliseconds: number, signal?: AbortSignal) =>
  delay(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined)

/** The feature: opening a session and the guards for the others, and its own routes. */
export function createSessions(deps: Deps) {
  const { database, transact, clock, signer, audit, issuer, accessTokenTtl, limits, policy, maxSessionsPerUser } = deps
  const sessions = sessionStorePostgres(database, deps.patienceMs)
  const accessTokens = accessTokenJwt({ signer, issuer, ttl: accessTokenTtl })
  const refreshTokens = refreshTokenJwt({
    key: deps.macKey,
    previousKey: deps.previousMacKey,
    issuer,
    ttl: limits.refreshTokenTtl,
  })
  const issue = issueTokens({ accessTokens, refreshTokens })
  const { onRefresh = () => undefined } = deps
  const refreshing = { sessions, issue, audit, transact, clock, limits, policy }
  const revokeAll = revokeAllSessions({ sessions, audit })
  const note = noteRefusal({ audit, clock })
  const newSessionId = () => randomUUID() as SessionId
  const guards = tokenGuards({
    recognize: recognize({ sessions, accessTokens, noteRefusal: note, clock }),
    noteRefusal: note,
    accessTokens,
    refreshTokens,
    clock,
    onRefresh,
  })
  return {
    guards,
    openSession: openSession({ sessions, issue, audit, transact, clock, newSessionId, limits, maxSessionsPerUser }),
    revokeAll,
    listOf: listUsersSessions({ sessions, clock }),
    end: endSessions({ sessions, audit, transact, clock }),
    purge: purgeSessions({ sessions, transact, clock, rest }),
    routes(app: Server) {
      tokenRoutes(app, {
        guards,
        limits: deps.routeLimits,
        refreshSession: refreshSession({ ...refreshing, noteRefusal: note, onRefresh }),
        logOut: logOut({ sessions, audit, transact, clock }),
      })
      sessionRoutes(app, {
        guards,
        listSessions: listSessions({ sessions, clock }),
        revokeSession: revokeSession({ sessions, audit, transact, clock }),
        revokeOtherSessions: revokeOtherSessions({ revokeAll, transact, clock }),
      })
    },
  }
}
