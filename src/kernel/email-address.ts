declare const brand: unique symbol

/** An e-mail address in its one canonical form: ASCII, lower-case, at most 254 characters. */
export type EmailAddress = string & { readonly [brand]: 'EmailAddress' }

const atom = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const canonical = new RegExp(`^${atom}(?:\\.${atom})*@(?:${label}\\.)+${label}$`)

/**
 * The canonical form of an address as a person types it, or null when it is none.
 *
 * Accepts the dot-atom form of RFC 5321, section 4.1.2, within its limits (local part 64, whole address 254).
 * Nothing but the case is changed: providers' own rules for dots and tags are theirs.
 */
export function parseEmailAddress(text: string): EmailAddress | null {
  if (text.length > 254 || text.indexOf('@') > 64) return null
  // Lower-casing maps two non-ASCII letters into ASCII (U+212A, U+0130), so the test for ASCII stands before it.
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 126) return null
  const lower = text.toLowerCase()
  return canonical.test(lower) ? (lower as EmailAddress) : null
}
