const sentences = {
  no_token: 'No bearer token was presented.',
  malformed: 'The token is not a JWT in the one canonical form.',
  wrong_type: 'The token is of another type.',
  wrong_algorithm: 'The token names another algorithm than its key has.',
  unknown_key: 'The token names a key that is not in the key set.',
  bad_signature: 'The signature is not one of that key over this token.',
  invalid_claims: 'A claim is missing, of the wrong type or out of bounds.',
  wrong_issuer: 'The token was issued by another issuer.',
  wrong_audience: 'The token is meant for another audience.',
  not_yet_valid: 'The token is not valid yet.',
  expired: 'The token has expired.',
  keys_unavailable: 'The key set could not be fetched.',
}

/** Every way in which a token can be refused: a closed set. */
export type RefusedCode = keyof typeof sentences

/**
 * What `verify` throws, and the only thing it throws. Neither the message nor a cause repeats anything of the token.
 *
 * `status` and `headers` are an answer over HTTP (RFC 6750, section 3): 401 with its challenge, or 503 where it was not
 * the token that failed. The exact `code` is for the log.
 */
export class TokenRefused extends Error {
  override name = 'TokenRefused'
  readonly code: RefusedCode
  readonly status: 401 | 503
  readonly headers: Readonly<Record<string, string>>

  constructor(code: RefusedCode, options?: { cause?: unknown }) {
    super(sentences[code], options)
    this.code = code
    this.status = code === 'keys_unavailable' ? 503 : 401
    this.headers =
      code === 'keys_unavailable'
        ? { 'retry-after': '5' }
        : { 'www-authenticate': code === 'no_token' ? 'Bearer' : 'Bearer error="invalid_token"' }
  }
}
