import type { UserId } from '../../kernel/ids.ts'
import { refusals } from '../../platform/http/problem.ts'
import type { Server } from '../../platform/http/server.ts'
import type { TokenGuards } from '../../sessions/index.ts'
import type { User } from '../domain/user.ts'
import { UserAnswer } from './user-answer.ts'

interface Deps {
  readonly guards: TokenGuards
  readonly getMe: (claims: { userId: UserId }) => Promise<User>
}

/** Who am I. */
export function userRoutes(app: Server, { guards, getMe }: Deps): void {
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
    async (request) => getMe(guards.accessToken.of(request)),
  )
}
