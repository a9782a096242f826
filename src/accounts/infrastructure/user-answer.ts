import { Type } from 'typebox'

/** A person, as they see themselves. */
export const UserAnswer = Type.Object(
  { id: Type.Integer(), email: Type.String() },
  { description: 'The account.', examples: [{ id: 1, email: 'user@example.com' }] },
)
