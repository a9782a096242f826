import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { isLoopback } from './configuration.ts'
import { type Finding, found, ok } from './finding.ts'
import { lookAt } from './look.ts'

/** In milliseconds, for one call. */
const patience = 5_000
/** An address that nobody has (RFC 5737). */
const invented = '192.0.2.99'
const differences = { much: 5_000 }

/** Under which address the service saw the request with this trace id; null where it is not on record. */
export type SeenAs = (traceId: string) => Promise<string | null>

/**
 * Asks the service as its callers do, through PUBLIC_URL and all that stands before it. To learn under which address a
 * caller is seen it fails to log in, to an account that can not be, and looks that up in the audit log.
 *
 * @param kids the signing keys in the database, where that could be read; `seenAs` likewise.
 */
export async function lookAtPublicUrl(
  publicUrl: string,
  kids: readonly string[] | null,
  seenAs: SeenAs | null,
): Promise<Finding[]> {
  const answer = await fetch(`${publicUrl}/.well-known/oauth-authorization-server`, {
    signal: AbortSignal.timeout(patience),
  }).catch((error: Error) => error)
  if (answer instanceof Error) return [unreachable(publicUrl, answer)]
  const metadata = await answer.json().catch(() => null)
  const findings = [
    ...judgeIssuer(publicUrl, answer.status, metadata),
    ...judgeClock(answer.headers.get('date'), new Date()),
  ]
  if (findings.some(({ severity }) => severity === 'error')) return findings
  if (kids !== null) findings.push(...(await lookAtKeySet(publicUrl, kids)))
  findings.push(...(seenAs === null ? [uncompared] : await lookAtAddress(publicUrl, seenAs)))
  return findings
}

/** Under which address the service saw a call is in its database alone. */
const uncompared = found(
  'note',
  'proxies',
  'No made-up address was tried: the database, where the service records what it sees, could not be read.',
  'Whether a proxy hands on addresses that callers make up is not known.',
  'fail a login with X-Forwarded-For: 192.0.2.99, stop the service, and look for that address in `latchkey audit tail`',
)

function unreachable(publicUrl: string, error: Error): Finding {
  const { code } = (error.cause ?? {}) as { code?: string }
  const what = `Nobody answers at ${publicUrl} (${wordOf(error)}).`
  const isCertificate = /CERT|SIGNATURE|TLS/.test(code ?? '')
  const why = isCertificate
    ? 'Callers refuse the certificate that is shown there.'
    : 'Callers, and who verifies tokens, look for the service there.'
  const mend = isCertificate
    ? 'renew the certificate of the proxy'
    : 'latchkey serve, or PUBLIC_URL=where it is reached'
  return found(isCertificate ? 'error' : 'warning', 'public-url', what, why, mend)
}

/** Why a call got no answer. */
const wordOf = (error: Error): string => ((error.cause ?? {}) as { code?: string }).code ?? error.name

export function judgeIssuer(publicUrl: string, status: number, metadata: unknown): Finding[] {
  const issuer = typeof metadata === 'object' && metadata !== null && 'issuer' in metadata ? metadata.issuer : null
  if (status === 200 && issuer === publicUrl) return [ok('public-url', `The service answers at ${publicUrl}.`)]
  const what =
    issuer === null ? `What answers at ${publicUrl} is not Latchkey.` : `There the issuer is ${String(issuer)}.`
  const why = 'Who verifies tokens compares the issuer with the address, byte by byte.'
  return [
    found(
      'error',
      'public-url',
      what,
      why,
      `PUBLIC_URL=${typeof issuer === 'string' ? issuer : 'where it is reached'}`,
    ),
  ]
}

export function judgeClock(date: string | null, now: Date): Finding[] {
  const difference = date === null ? 0 : now.getTime() - new Date(date).getTime()
  if (!(Math.abs(difference) > differences.much)) return []
  const what = `The clock at PUBLIC_URL differs from this one by ${Math.round(Math.abs(difference) / 1000)} s.`
  const why = 'Tokens and certificates are valid by the clock: others refuse them early, or accept them late.'
  return [found('warning', 'clock', what, why, 'timedatectl set-ntp true, on both machines')]
}

async function lookAtKeySet(publicUrl: string, kids: readonly string[]): Promise<Finding[]> {
  const path = '/.well-known/jwks.json'
  const set = await fetch(`${publicUrl}${path}`, { signal: AbortSignal.timeout(patience) })
    .then((answer) => answer.json())
    .catch((error: Error) => error)
  const published = kidsIn(set)
  if (published !== null) return judgeKeySet(published, kids)
  const what = `What is answered at ${publicUrl}${path} is no key set${set instanceof Error ? ` (${wordOf(set)})` : ''}.`
  const why = 'Nobody who asks there can verify a token.'
  return [found('error', 'public-url.keys', what, why, `have the proxy hand ${path} on to the service`)]
}

/** The names of the keys; null for what is no JWK Set (RFC 7517, section 5). */
function kidsIn(set: unknown): string[] | null {
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) return null
  return set.keys.map((key) => String(key?.kid))
}

export function judgeKeySet(published: readonly string[], stored: readonly string[]): Finding[] {
  if (stored.every((kid) => published.includes(kid))) return [ok('public-url.keys', 'The keys there are those here.')]
  const why = 'It serves from another database than this command looks at, or a cache holds an old copy.'
  return [
    found('error', 'public-url.keys', 'PUBLIC_URL publishes other keys.', why, 'DATABASE_URL=that of the service'),
  ]
}

async function lookAtAddress(publicUrl: string, seenAs: SeenAs): Promise<Finding[]> {
  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
  const tried = [await failToLogIn(publicUrl, {}), await failToLogIn(publicUrl, { 'x-forwarded-for': invented })]
  const cut = tried.find((one) => one instanceof Error)
  if (cut) {
    const what = `A login there is cut off (${wordOf(cut)}).`
    const why = 'Nobody can log in, and whether proxies tell the address of clients is not known.'
    return [
      found('error', 'proxies', what, why, 'have the proxy hand POST /api/v1/auth/login on, and wait 10 s for it'),
    ]
  }
  return lookAt('proxies', 'GRANT SELECT ON audit_events, audit_whence TO the role of DATABASE_URL;', async () => {
    const [plain = null, claimed = null] = await Promise.all(tried.map((traceId) => seenAs(String(traceId))))
    return judgeAddress(publicUrl, { plain, claimed, own })
  })
}

/** Fails as anybody may; answers the trace id under which that is on record, or why it got no answer. */
async function failToLogIn(publicUrl: string, headers: Readonly<Record<string, string>>): Promise<string | Error> {
  const traceId = randomBytes(16).toString('hex')
  const nobody = { email: `doctor-${traceId}@latchkey.invalid`, password: randomBytes(16).toString('hex') }
  const answer = await fetch(`${publicUrl}/api/v1/auth/login`, {
    method: 'POST',
    signal: AbortSignal.timeout(patience * 2),
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
      ...headers,
    },
    body: JSON.stringify(nobody),
  }).catch((error: Error) => error)
  return answer instanceof Error ? answer : traceId
}

export interface SeenAddresses {
  /** Of a request as it is, and of one that claims another address. */
  readonly plain: string | null
  readonly claimed: string | null
  /** The addresses of this machine. */
  readonly own: readonly string[]
}

export function judgeAddress(publicUrl: string, { plain, claimed, own }: SeenAddresses): Finding[] {
  const check = 'proxies'
  if (plain === null) {
    const why = 'Whether proxies tell the address of clients is not known.'
    return [
      found(
        'note',
        check,
        'The call of this check is not on record there.',
        why,
        'latchkey audit tail --kind login_failed',
      ),
    ]
  }
  if (claimed === invented) {
    const why = 'Anybody can claim any address: limits by address hold nobody back, and the audit log tells lies.'
    const mend = 'TRUSTED_PROXIES=the proxies alone, each of which appends to X-Forwarded-For whom it heard'
    return [found('error', check, 'An address that a caller made up is believed.', why, mend)]
  }
  const isDirect = isLoopback(new URL(publicUrl).hostname)
  if (own.includes(plain) && (isDirect || !isLoopback(plain))) return [ok(check, `This machine is seen as ${plain}.`)]
  const what = `This machine is seen as ${plain}, which is ${own.includes(plain) ? 'a proxy beside the service' : 'none of its addresses'}.`
  if (!isPrivate(plain)) {
    const why = 'That is right behind a translation of addresses, and wrong if it is a proxy.'
    return [found('note', check, what, why, `TRUSTED_PROXIES=${plain}, if that is a proxy of yours`)]
  }
  const why = 'If that is a proxy, all clients count as one: they share one quota, and lock each other out.'
  return [found('warning', check, what, why, `TRUSTED_PROXIES=${plain}`)]
}

/** Addresses that nobody has on the open network (RFC 1918, RFC 4193, RFC 6598). */
const isPrivate = (address: string): boolean =>
  isLoopback(address) ||
  /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe80:)/i.test(
    address,
  )
