import { isIP } from 'node:net'

/** The one text of an IP address: an IPv4 one also where IPv6 carries it, IPv6 as RFC 5952 has it; null for any other. */
export function canonicalAddress(text: string | null | undefined): string | null {
  const address = text ?? ''
  const version = isIP(address)
  if (version === 4) return address
  if (version !== 6) return null
  // A zone says on which of this machine's links the address is (RFC 4007), and nothing of who has it.
  const canonical = new URL(`http://[${address.replace(/%.*$/s, '')}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  const bytes = [high, low].flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 255])
  return bytes.join('.')
}

/**
 * What a limit counts by: an IPv4 address itself, of an IPv6 address its /64 (`2001:db8:1:2::/64`), since whoever has
 * one address there has 2^64 of them (RFC 4291, section 2.5.1). All that is no address shares one place.
 */
export function placeOf(address: string | null): string {
  const canonical = canonicalAddress(address)
  if (canonical === null) return 'nowhere'
  if (isIP(canonical) === 4) return canonical
  const [before = '', after] = canonical.split('::')
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const [front, back] = [groups(before), groups(after)]
  const network = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back].slice(0, 4)
  return `${canonicalAddress(`${network.join(':')}::`)}/64`
}
