import { type TSchema, Type } from 'typebox'
import type { Caller } from '../../kernel/caller.ts'
import { Secret } from '../../kernel/secret.ts'
import { callerOf } from '../../platform/http/caller.ts'
import { bodyRefusals, refusals } from '../../platform/http/problem.ts'
import type { Server } from '../../platform/http/server.ts'
import type { TokenPair } from '../../sessions/index.ts'
import type { RouteLimits } from '../../throttle/index.ts'
import type { PasswordPolicy } from '../domain/password-policy.ts'
import type { User } from '../domain/user.ts'
import { UserAnswer } from './user-answer.ts'

interface Credentials {
  readonly email: string
  readonly password: Secret
}

interface Deps {
  readonly register: (input: Credentials, caller: Caller) => Promise<User>
  readonly logIn: (input: Credentials, caller: Caller) => Promise<TokenPair>
  readonly limits: RouteLimits
  /** Rejects with `Refusal('overloaded')` where no password could be hashed in time. */
  readonly expectRoom: () => Promise<void>
  readonly policy: PasswordPolicy
  /** The body that bears tokens: its schema, and how it is made. */
  readonly tokenAnswer: { readonly schema: TSchema; readonly of: (pair: TokenPair) => object }
}

const Email = Type.String({ format: 'email', maxLength: 254 })
const examples = [{ email: 'user@example.com', password: 'your_password_123' }]
const closed = { additionalProperties: false, examples }

/** Register and log in: what a person does with an e-mail address and a password. */
export function authRoutes(app: Server, { register, logIn, limits, expectRoom, policy, tokenAnswer }: Deps): void {
  // Before anything is counted or written, which under a flood would be too much by itself.
  const preValidation = () => expectRoom()
  const NewPassword = Type.String({ minLength: policy.minLength, maxLength: policy.maxLength, format: 'password' })

  app.post(
    '/api/v1/auth/register',
    {
      config: { access: 'public', limits: limits.register },
      preValidation,
      schema: {
        tags: ['Authentication'],
        summary: 'Register a new user',
        operationId: 'register',
        body: Type.Object({ email: Email, password: NewPassword }, closed),
        response: {
          200: UserAnswer,
          ...refusals('email_taken', 'validation_failed', 'overloaded', ...bodyRefusals),
        },
      },
    },
    async (request) => register(credentialsOf(request.body), callerOf(request)),
  )

  app.post(
    '/api/v1/auth/login',
    {
      config: { access: 'public', limits: limits.login },
      preValidation,
      schema: {
        tags: ['Authentication'],
        summary: 'Log in',
        operationId: 'login',
        description: 'Opens a new session beside those on other devices.',
        // No bounds on the password: one that no account can have is answered like any other wrong one.
        body: Type.Object({ email: Email, password: Type.String({ format: 'password' }) }, closed),
        response: {
          200: tokenAnswer.schema,
          ...refusals('invalid_credentials', 'validation_failed', 'overloaded', ...bodyRefusals),
        },
      },
    },
    async (request) => tokenAnswer.of(await logIn(credentialsOf(request.body), callerOf(request))),
  )
}

const credentialsOf = (body: { email: string; password: string }): Credentials => ({
  email: body.email,
  password: new Secret(body.password),
})
