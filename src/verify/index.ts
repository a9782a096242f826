/** Verifies Latchkey's access tokens in other services. WebCrypto and `fetch` are all it needs of a runtime. */
export type { Algorithm } from './algorithms.ts'
export { bearerToken } from './bearer.ts'
export type { AccessTokenClaims } from './claims.ts'
export type { Fetch } from './key-set.ts'
export { type RefusedCode, TokenRefused } from './refused.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'
