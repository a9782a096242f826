import { Type } from 'typebox'
import type { Caller } from '../../kernel/caller.ts'
import { Secret } from '../../kernel/secret.ts'
import { callerOf } from '../../platform/http/caller.ts'
import { bodyRefusals, refusals } from '../../platform/http/problem.ts'
import type { Server } from '../../platform/http/server.ts'
import type { AccessClaims, TokenGuards } from '../../sessions/index.ts'
import type { RouteLimits } from '../../throttle/index.ts'
import type { PasswordPolicy } from '../domain/password-policy.ts'
import { UserAnswer } from './user-answer.ts'

interface Deps {
  readonly guards: TokenGuards
  readonly limits: RouteLimits
  /** Rejects with `Refusal('overloaded')` where no password could be hashed in time. */
  readonly expectRoom: () => Promise<void>
  readonly changePassword: (
    claims: AccessClaims,
    passwords: { current: Secret; wanted: Secret },
    caller: Caller,
  ) => Promise<void>
  readonly policy: PasswordPolicy
}

/** Who am I, and a new password. */
export function userRoutes(app: Server, { guards, limits, expectRoom, changePassword, policy }: Deps): void {
  app.get(
    '/api/v1/users/me',
    {
      config: { access: guards.accessToken },
      schema: {
        tags: ['User'],
        summary: 'Get current user',
        operationId: 'getMe',
        response: { 200: UserAnswer, ...refusals('invalid_token', 'token_expired') },
      },
    },
    // Whoever is recognised is known: the guard reads the account along with the session.
    async (request) => {
      const { userId, email } = guards.accessToken.of(request)
      return { id: userId, email }
    },
  )

  app.put(
    '/api/v1/users/me/password',
    {
      config: {
        access: guards.accessToken,
        limits: limits.password((request) => guards.accessToken.of(request).userId),
      },
      // Before anything is counted or written, which under a flood would be too much by itself.
      preValidation: () => expectRoom(),
      schema: {
        tags: ['User'],
        summary: 'Change my password',
        operationId: 'changePassword',
        description: 'Ends all other sessions of the account.',
        body: Type.Object(
          {
            current_password: Type.String({ format: 'password' }),
            new_password: Type.String({
              minLength: policy.minLength,
              maxLength: policy.maxLength,
              format: 'password',
            }),
          },
          {
            additionalProperties: false,
            examples: [{ current_password: 'your_password_123', new_password: 'your_next_password_456' }],
          },
        ),
        response: {
          204: Type.Null({ description: 'The password is changed, and all other sessions are over.' }),
          ...refusals(
            'invalid_token',
            'token_expired',
            'invalid_credentials',
            'validation_failed',
            'overloaded',
            ...bodyRefusals,
          ),
        },
      },
    },
    async (request, reply) => {
      const { current_password, new_password } = request.body
      const passwords = { current: new Secret(current_password), wanted: new Secret(new_password) }
      await changePassword(guards.accessToken.of(request), passwords, callerOf(request))
      return reply.status(204).send(null)
    },
  )
}
