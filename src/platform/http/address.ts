import { isIP } from 'node:net'

/** The one text of an IP address: an IPv4 one also where IPv6 carries it, IPv6 as RFC 5952 has it; null for any other. */
export function canonicalAddress(text: string | undefined): string | null {
  const [address = ''] = (text ?? '').split('%')
  const version = isIP(address)
  if (version === 4) return address
  if (version !== 6) return null
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  const bytes = [high, low].flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 255])
  return bytes.join('.')
}
