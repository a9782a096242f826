import { Type } from 'typebox'

/** A person, as they see themselves. */
export const UserAnswer = Type.Object(
  { id: Type.Integer(), email: Type.String() },
  { examples: [{ id: 1, email: 'user@example.com' }] },
)
