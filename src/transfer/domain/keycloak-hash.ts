type Parts = Readonly<Record<string, unknown>>

/** A hash that is none of ours, by the name of its algorithm alone. */
const foreign = (name: unknown) => `$keycloak-${String(name).replaceAll('$', '')}$`

/**
 * The password among a Keycloak user's credentials, as other systems write such a hash; null where there is none.
 * https://www.keycloak.org/docs-api/latest/javadocs/org/keycloak/models/credential/PasswordCredentialModel.html
 */
export function keycloakHash(credentials: unknown): string | null {
  const password = (Array.isArray(credentials) ? credentials : []).find((one: Parts) => one?.type === 'password')
  if (!password) return null
  const [data, secret] = [partsOf(password.credentialData), partsOf(password.secretData)]
  const [salt, value] = [plain(secret.salt), plain(secret.value)]
  const { algorithm, hashIterations } = data
  if (algorithm === 'argon2') return argon2(partsOf(data.additionalParameters), hashIterations, salt, value)
  const sum = /^pbkdf2(?:-(sha256|sha512))?$/.exec(String(algorithm))
  return sum ? `$pbkdf2-${sum[1] ?? 'sha1'}$i=${hashIterations}$${salt}$${value}` : foreign(algorithm)
}

function argon2(parameters: Parts, passes: unknown, salt: string, value: string): string {
  const first = (name: string) => (Array.isArray(parameters[name]) ? parameters[name][0] : undefined)
  const [type, version] = [first('type'), first('version')]
  if ((type !== 'id' && type !== 'i') || version !== '1.3') return foreign(`argon2-${type}-${version}`)
  return `$argon2${type}$v=19$m=${first('memory')},t=${passes},p=${first('parallelism')}$${salt}$${value}`
}

/** Objects stand in the export as texts of JSON. */
function partsOf(value: unknown): Parts {
  if (typeof value === 'object' && value !== null) return value as Parts
  try {
    const parsed: unknown = JSON.parse(String(value))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Parts) : {}
  } catch {
    return {}
  }
}

const plain = (base64: unknown): string => (typeof base64 === 'string' ? base64.replaceAll('=', '') : '')
