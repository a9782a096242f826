/** What the console of Firebase shows as the project's password hash parameters. */
export interface FirebaseParameters {
  /** Both in base64. */
  readonly signerKey: string
  readonly saltSeparator: string
  readonly rounds: number
  readonly memCost: number
}

/**
 * The hash of an export's two columns under the project's parameters, as a stored hash is written. Without parameters it
 * is one that nobody can check, and is refused as such.
 */
export function firebaseHash(
  hash: string | null,
  salt: string | null,
  parameters: FirebaseParameters | undefined,
): string | null {
  if (hash === null) return null
  if (!parameters) return '$firebase$'
  const { signerKey, saltSeparator, rounds, memCost } = parameters
  const mixed = `ss=${plain(saltSeparator)},sk=${plain(signerKey)}`
  return `$firebase-scrypt$ln=${memCost},r=${rounds},p=1,${mixed}$${plain(salt ?? '')}$${plain(hash)}`
}

/** The usual alphabet of base64 without padding, whichever of the two was given. */
const plain = (base64: string): string => base64.replaceAll('-', '+').replaceAll('_', '/').replaceAll('=', '')
