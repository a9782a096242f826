import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Log } from '../log.ts'
import { canonicalAddress } from './address.ts'

/** Says of a canonical address whether it is one of ours. */
export type Belongs = (address: string) => boolean

/** Reads addresses and CIDRs, as the configuration has checked them. IPv4 inside IPv6 counts as IPv4. */
export function networks(texts: readonly string[]): Belongs {
  // One list for each family: a list of Node's would let an IPv6 network match IPv4 addresses too.
  const [four, six] = [new BlockList(), new BlockList()]
  for (const text of texts) {
    const [address = '', prefix] = text.split('/')
    const canonical = canonicalAddress(address) ?? address
    const inside = isIP(address) === 6 && isIP(canonical) === 4 ? 96 : 0
    if (isIP(canonical) === 4) four.addSubnet(canonical, prefix === undefined ? 32 : Number(prefix) - inside, 'ipv4')
    else six.addSubnet(canonical, Number(prefix ?? 128), 'ipv6')
  }
  return (address) => (isIP(address) === 4 ? four.check(address, 'ipv4') : six.check(address, 'ipv6'))
}

/**
 * The client's address: the right-most hop that is no trusted proxy, in its canonical text. Each proxy appends to
 * `X-Forwarded-For` whom it heard, so what is left of the first stranger is what that stranger claims and counts for
 * nothing. What is no address ends the walk at the hop that reported it. No other header is looked at.
 *
 * @param forwardedFor all the X-Forwarded-For headers, joined with commas in their order (RFC 9110, section 5.3)
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  isProxy: Belongs,
): string | null {
  let client = canonicalAddress(peer)
  if (forwardedFor === undefined) return client
  // Empty elements of a list mean nothing (RFC 9110, section 5.6.1).
  const hops = forwardedFor.split(',').filter((hop) => hop.trim() !== '')
  while (client !== null && hops.length > 0 && isProxy(client)) {
    const next = hopAddress(hops.pop()?.trim() ?? '')
    if (next === null) break
    client = next
  }
  return client
}

/** Some proxies write the port as well: `192.0.2.7:4711`, `[2001:db8::1]:4711`. */
function hopAddress(text: string): string | null {
  const [, six, four] = /^(?:\[([0-9a-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5})$/i.exec(text) ?? []
  return canonicalAddress(six ?? four ?? text)
}

const forwardingHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip'] as const

/**
 * Says, for the first request that came through a proxy which nobody trusts, what to set; and then no more. With workers
 * each of them says it for its own first one.
 */
export function forwardingNotice(log: Log, isProxy: Belongs): (message: IncomingMessage) => void {
  let said = false
  return (message) => {
    if (said) return
    const header = forwardingHeaders.find((name) => message.headers[name] !== undefined)
    const peer = header && canonicalAddress(message.socket.remoteAddress)
    if (!peer || isProxy(peer)) return
    said = true
    log.warn(
      { peer, header },
      `a request from ${peer} bears a forwarding header that is not trusted: if that is a proxy of yours, add it to TRUSTED_PROXIES, else all its clients count as one; if not, somebody made it up`,
    )
  }
}
