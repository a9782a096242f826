import { randomInt } from 'node:crypto'
import { compose } from '../../../src/compose.ts'
import { parseConfig } from '../../../src/config.ts'
import type { SessionId, UserId } from '../../../src/kernel/ids.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { deriveKey } from '../../../src/platform/secret-key.ts'
import type { Session } from '../../../src/sessions/domain/session.ts'
import { accessTokenJwt } from '../../../src/sessions/infrastructure/access-token.jwt.ts'
import { refreshTokenJwt } from '../../../src/sessions/infrastructure/refresh-token.jwt.ts'
import { processEnv } from '../../support/processes.ts'
import { generationOf, livesFor, type Plan, sessionIdOf, userIdOf } from './rows.ts'

/** The environment of the services of the growth set. */
export const growthEnv = {
  ...processEnv,
  ACCESS_TOKEN_TTL: `${livesFor}h`,
  REFRESH_TOKEN_TTL: `${livesFor}h`,
}

/** Tokens of the sessions that SQL made, written as the service writes them. */
export interface Tokens {
  /** How often each session was refreshed; -1 where that is not known any more. */
  readonly generations: Int32Array
  /** An access token of some live session: one of so many, that lie all over the table. */
  access(): string
  /** A live session that nobody else has, out of the first `share` of all. */
  takeSession(share: number): number
  /** The session's newest refresh token. */
  refresh(session: number): string
  putBack(session: number, refreshed: boolean): void
}

const hours = 3600

/** @param before what is known of the same database from when it had fewer rows. */
export async function tokensOf(url: string, plan: Plan, accessTokens: number, before?: Tokens): Promise<Tokens> {
  const generations = Int32Array.from({ length: plan.rows + 1 }, (_, n) => before?.generations[n] ?? generationOf(n))
  const issuer = processEnv.PUBLIC_URL
  const ttl = livesFor * hours
  const key = deriveKey(new Secret(processEnv.SECRET_KEY), 'refresh-token')
  const refreshTokens = refreshTokenJwt({ key, previousKey: null, issuer, ttl })
  const taken = new Set<number>()
  const anyLive = (share: number) => 2 * (1 + randomInt(Math.floor((plan.rows / 2) * share)))
  // Whole seconds, since tokens have no others.
  const sessionOf = (n: number): Session => {
    const now = Math.floor(Date.now() / 1000) * 1000
    const end = new Date(now + ttl * 1000)
    const times = { createdAt: new Date(now), lastUsedAt: new Date(now), idleExpiresAt: end, expiresAt: end }
    const [id, userId] = [sessionIdOf(n) as SessionId, userIdOf(n, plan) as UserId]
    return { id, userId, generation: generations[n] ?? 0, ...times, revokedAt: null, userAgent: null, ip: null }
  }

  const config = parseConfig({ ...growthEnv, DATABASE_URL: url })
  const service = await compose(config, { log: createLog('silent'), keeps: false })
  const writer = accessTokenJwt({ signer: service.keys.signer, issuer, ttl })
  const access = Array.from({ length: accessTokens }, () => writer.write(sessionOf(anyLive(1)), new Date()).token)
  await service.close()

  return {
    generations,
    access: () => access[randomInt(access.length)] ?? '',
    takeSession(share) {
      for (;;) {
        const session = anyLive(share)
        if (taken.has(session) || generations[session] === -1) continue
        taken.add(session)
        return session
      }
    },
    refresh: (session) => refreshTokens.write(sessionOf(session)),
    putBack(session, refreshed) {
      generations[session] = refreshed ? (generations[session] ?? 0) + 1 : -1
      taken.delete(session)
    },
  }
}
