import { Type } from 'typebox'
import type { Caller } from '../../kernel/caller.ts'
import { callerOf } from '../../platform/http/caller.ts'
import { bodyRefusals, refusals } from '../../platform/http/problem.ts'
import type { Server } from '../../platform/http/server.ts'
import type { RouteLimits } from '../../throttle/index.ts'
import type { TokenPair } from '../application/issue-tokens.ts'
import type { AccessClaims, RefreshClaims } from '../application/ports.ts'
import { TokenAnswer, tokenAnswer } from './token-answer.ts'
import type { TokenGuards } from './token-guards.ts'

interface Deps {
  readonly guards: TokenGuards
  readonly limits: RouteLimits
  readonly refreshSession: (presented: RefreshClaims, caller: Caller) => Promise<TokenPair>
  readonly logOut: (claims: AccessClaims, caller: Caller) => Promise<void>
}

/** Refresh and log out: what a token itself is exchanged or ended with. */
export function tokenRoutes(app: Server, { guards, limits, refreshSession, logOut }: Deps): void {
  app.post(
    '/api/v1/auth/refresh',
    {
      config: {
        access: guards.refreshToken,
        limits: limits.refresh((request) => guards.refreshToken.of(request).userId),
      },
      schema: {
        tags: ['Authentication'],
        summary: 'Refresh tokens',
        operationId: 'refresh',
        description: 'Exchanges the refresh token for a new pair of tokens. A refresh token works once.',
        response: {
          200: TokenAnswer,
          ...refusals('invalid_token', 'token_expired', 'refresh_token_reused', ...bodyRefusals),
        },
      },
    },
    async (request) => tokenAnswer(await refreshSession(guards.refreshToken.of(request), callerOf(request))),
  )

  app.post(
    '/api/v1/auth/logout',
    {
      config: { access: guards.anyToken },
      schema: {
        tags: ['Authentication'],
        summary: 'Log out',
        operationId: 'logout',
        description: 'Ends the session that the token belongs to. A second time changes nothing and is no error.',
        response: {
          204: Type.Null({ description: 'The session is over.' }),
          ...refusals('invalid_token', 'token_expired', ...bodyRefusals),
        },
      },
    },
    async (request, reply) => {
      await logOut(guards.anyToken.of(request), callerOf(request))
      return reply.status(204).send(null)
    },
  )
}
