/** The token of an Authorization header (RFC 6750, section 2.1), or null when the header is not one Bearer token. */
export function bearerToken(authorization: string | null | undefined): string | null {
  return /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? '')?.[1] ?? null
}
