import { Type } from 'typebox'
import type { Caller } from '../../kernel/caller.ts'
import { parseSessionId, type SessionId } from '../../kernel/ids.ts'
import { callerOf } from '../../platform/http/caller.ts'
import { bodyRefusals, refusals } from '../../platform/http/problem.ts'
import type { Server } from '../../platform/http/server.ts'
import type { AccessClaims } from '../application/ports.ts'
import type { Session } from '../domain/session.ts'
import type { TokenGuards } from './token-guards.ts'

interface Deps {
  readonly guards: TokenGuards
  readonly listSessions: (claims: AccessClaims) => Promise<(Session & { current: boolean })[]>
  readonly revokeSession: (claims: AccessClaims, target: SessionId | null, caller: Caller) => Promise<void>
  readonly revokeOtherSessions: (claims: AccessClaims, caller: Caller) => Promise<void>
}

const Moment = Type.String({ format: 'date-time' })

const SessionAnswer = Type.Object({
  id: Type.String({ format: 'uuid' }),
  current: Type.Boolean({ description: 'Whether the access token belongs to this session.' }),
  created_at: Moment,
  last_used_at: Moment,
  expires_at: Type.String({ format: 'date-time', description: 'When the session ends, however often used.' }),
  user_agent: Type.Union([Type.String(), Type.Null()]),
  ip: Type.Union([Type.String(), Type.Null()]),
})

const Sessions = Type.Object(
  { sessions: Type.Array(SessionAnswer) },
  {
    description: 'The sessions that are not over, the last used first.',
    examples: [
      {
        sessions: [
          {
            id: '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10',
            current: true,
            created_at: '2026-11-22T15:00:00.000Z',
            last_used_at: '2026-11-22T15:04:00.000Z',
            expires_at: '2026-12-22T15:00:00.000Z',
            user_agent: 'Mozilla/5.0',
            ip: '192.0.2.7',
          },
        ],
      },
    ],
  },
)

const path = '/api/v1/users/me/sessions'

/** The person's own sessions: see them, end one, end all the others. */
export function sessionRoutes(app: Server, deps: Deps): void {
  const { guards, listSessions, revokeSession, revokeOtherSessions } = deps
  const access = guards.accessToken
  const described = { tags: ['User'] }

  app.get(
    path,
    {
      config: { access },
      schema: {
        ...described,
        summary: 'List my sessions',
        operationId: 'listSessions',
        response: { 200: Sessions, ...refusals('invalid_token', 'token_expired') },
      },
    },
    async (request) => ({ sessions: (await listSessions(access.of(request))).map(sessionAnswer) }),
  )

  app.delete(
    `${path}/:id`,
    {
      config: { access },
      schema: {
        ...described,
        summary: 'End one of my sessions',
        operationId: 'revokeSession',
        params: Type.Object({ id: Type.String({ description: "The session's id." }) }),
        response: {
          204: Type.Null({ description: 'The session is over.' }),
          ...refusals('invalid_token', 'token_expired', 'not_found', ...bodyRefusals),
        },
      },
    },
    async (request, reply) => {
      await revokeSession(access.of(request), parseSessionId(request.params.id), callerOf(request))
      return reply.status(204).send(null)
    },
  )

  app.delete(
    path,
    {
      config: { access },
      schema: {
        ...described,
        summary: 'End all my other sessions',
        operationId: 'revokeOtherSessions',
        response: {
          204: Type.Null({ description: 'All sessions but the current one are over.' }),
          ...refusals('invalid_token', 'token_expired', ...bodyRefusals),
        },
      },
    },
    async (request, reply) => {
      await revokeOtherSessions(access.of(request), callerOf(request))
      return reply.status(204).send(null)
    },
  )
}

const sessionAnswer = (session: Session & { current: boolean }) => ({
  id: session.id,
  current: session.current,
  created_at: session.createdAt.toISOString(),
  last_used_at: session.lastUsedAt.toISOString(),
  expires_at: session.expiresAt.toISOString(),
  user_agent: session.userAgent,
  ip: session.ip,
})
