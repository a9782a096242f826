import { Type } from 'typebox'
import type { TokenPair } from '../application/issue-tokens.ts'

/** The body of a login and a refresh (RFC 6749, section 5.1). Lives are in seconds. */
export const TokenAnswer = Type.Object(
  {
    access_token: Type.String({ description: 'A JWT by RFC 9068; anyone verifies it with the JWKS.' }),
    refresh_token: Type.String({ description: 'Single-use: each refresh answers the next one.' }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'The life of the access token, in seconds.' }),
    refresh_expires_in: Type.Integer({ description: 'The life of the refresh token, in seconds.' }),
    session_expires_at: Type.String({ format: 'date-time', description: 'When the session ends, however often used.' }),
  },
  {
    description: 'The tokens of the session.',
    examples: [
      {
        access_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl',
        refresh_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.e30.c2lnbmF0dXJl',
        token_type: 'Bearer',
        expires_in: 60,
        refresh_expires_in: 300,
        session_expires_at: '2026-12-22T15:00:00.000Z',
      },
    ],
  },
)

export const tokenAnswer = (pair: TokenPair) => ({
  access_token: pair.accessToken,
  refresh_token: pair.refreshToken,
  token_type: 'Bearer' as const,
  expires_in: pair.expiresIn,
  refresh_expires_in: pair.refreshExpiresIn,
  session_expires_at: pair.sessionExpiresAt.toISOString(),
})
