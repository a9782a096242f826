import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalAddress } from '../../../src/platform/http/address.ts'
import { clientAddress, networks } from '../../../src/platform/http/client-address.ts'

const isProxy = networks(['10.0.0.0/8', '2001:db8:aaaa::/48', '192.0.2.1'])

describe('a network', () => {
  const rows: [network: string, inside: string[], outside: string[]][] = [
    ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201'], ['192.0.2.2', '::1']],
    ['10.1.2.3/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
    ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255', '::', '8000::']],
    ['2001:db8::/33', ['2001:db8::', '2001:db8:7fff:ffff::1'], ['2001:db8:8000::', '32.1.13.184']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['127.0.0.1', '::2']],
    ['::ffff:10.0.0.1', ['10.0.0.1', '::ffff:10.0.0.1'], ['10.0.0.2', '::10.0.0.1']],
    ['::ffff:10.0.0.0/104', ['10.255.0.1', '::ffff:a01:203'], ['11.0.0.0', '::ffff:0:0:1']],
    // An IPv6 network holds no IPv4 address, though Node's own list would say so.
    ['::/1', ['::1', '7fff::'], ['10.0.0.1', '::ffff:10.0.0.1', '8000::']],
  ]
  for (const [network, inside, outside] of rows) {
    it(`${network} holds ${inside.join(', ')} and not ${outside.join(', ')}`, () => {
      const belongs = networks([network])
      for (const address of inside) assert.ok(belongs(canonicalAddress(address) ?? ''), address)
      for (const address of outside) assert.ok(!belongs(canonicalAddress(address) ?? ''), address)
    })
  }
})

describe('the address of a client', () => {
  const proxy = '10.0.0.1'
  const rows: [what: string, peer: string | undefined, header: string | undefined, client: string | null][] = [
    ['is the peer’s without the header', proxy, undefined, proxy],
    ['is the peer’s where the header is empty', proxy, '', proxy],
    ['is the peer’s where the header holds commas alone', proxy, ' , ,, ', proxy],
    ['is the peer’s where the peer is no proxy', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['is that which the proxy reports', proxy, '198.51.100.1', '198.51.100.1'],
    ['is the same where the peer comes through IPv6', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['is the right-most', proxy, '1.1.1.1, 2.2.2.2, 198.51.100.1', '198.51.100.1'],
    ['is the right-most that is no proxy', proxy, '1.1.1.1, 198.51.100.1, 10.9.9.9, 192.0.2.1', '198.51.100.1'],
    ['is behind proxies of both families', proxy, '198.51.100.1,2001:DB8:AAAA:0::5', '198.51.100.1'],
    ['is behind a proxy in the text of IPv6', proxy, '198.51.100.1, ::ffff:10.2.3.4', '198.51.100.1'],
    ['is the left-most where all are proxies', proxy, '10.3.3.3, 10.2.2.2', '10.3.3.3'],
    ['does not depend on white space', proxy, '\t198.51.100.1 ,\t 10.2.2.2 ', '198.51.100.1'],
    ['does not depend on empty elements', proxy, ',198.51.100.1,, ,10.2.2.2,', '198.51.100.1'],
    ['does not depend on a port', proxy, '198.51.100.1:5678', '198.51.100.1'],
    ['does not depend on a port in IPv6', proxy, '[2001:db8::1]:80', '2001:db8::1'],
    ['does not depend on brackets', proxy, '[2001:DB8::1]', '2001:db8::1'],
    ['does not depend on a proxy’s port', proxy, '198.51.100.1, 10.2.2.2:443', '198.51.100.1'],
    ['does not depend on brackets in IPv4', proxy, '[198.51.100.1]:80', '198.51.100.1'],
    ['is canonical', proxy, '2001:0DB8:0:0::0001', '2001:db8::1'],
    ['is IPv4 also inside IPv6', proxy, '::FFFF:c633:6401', '198.51.100.1'],
    ['is the last good hop before garbage', proxy, '198.51.100.1, garbage', proxy],
    ['is the last good hop before garbage further left', proxy, '1.1.1.1, <x>, 10.2.2.2', '10.2.2.2'],
    ['is not changed by garbage behind it', proxy, 'garbage, \0, 198.51.100.1', '198.51.100.1'],
    ['is no name', proxy, 'localhost', proxy],
    ['is not "unknown"', proxy, 'unknown', proxy],
    ['is not hidden', proxy, '_hidden', proxy],
    ['is no number', proxy, '3325256705', proxy],
    ['is not in octal', proxy, '0306.051.0144.01', proxy],
    ['is not in hexadecimal', proxy, '0xc6.0x33.0x64.0x01', proxy],
    ['is not two in one element', proxy, '198.51.100.1 203.0.113.1', proxy],
    ['is not quoted', proxy, '"198.51.100.1"', proxy],
    ['has no port of six digits', proxy, '198.51.100.1:123456', proxy],
    ['has no port without digits', proxy, '198.51.100.1:', proxy],
    ['is not in a half bracket', proxy, '[2001:db8::1', proxy],
    ['is no element of Forwarded', proxy, 'for=198.51.100.1', proxy],
    ['is null where the connection is gone', undefined, '198.51.100.1', null],
    ['is null where the peer has none', '/run/latchkey.sock', '198.51.100.1', null],
  ]
  for (const [what, peer, header, client] of rows) {
    it(what, () => assert.equal(clientAddress(peer, header, isProxy), client))
  }

  it('is found in ten thousand hops without a word', () => {
    const hops = (one: string) => Array(10_000).fill(one).join(',')
    assert.equal(clientAddress(proxy, hops('198.51.100.1'), isProxy), '198.51.100.1')
    assert.equal(clientAddress(proxy, `198.51.100.1,${hops('10.2.2.2')}`, isProxy), '198.51.100.1')
    assert.equal(clientAddress(proxy, ','.repeat(16_000), isProxy), proxy)
  })

  const stranger = fc.oneof(fc.ipV4(), fc.ipV6()).filter((address) => {
    const canonical = canonicalAddress(address)
    return canonical !== null && !isProxy(canonical)
  })
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.ipV4(),
    fc.ipV6(),
    fc.constant('10.1.1.1'),
    fc.constant(','),
  )
  const proxies = fc.array(fc.constantFrom('10.1.1.1', '192.0.2.1:80', '[2001:db8:aaaa::1]', ' ', '::ffff:10.0.0.9'))

  it('is the peer’s, whatever the header says, where the peer is no proxy', () => {
    fc.assert(
      fc.property(stranger, fc.array(anything), (peer, hops) => {
        assert.equal(clientAddress(peer, hops.join(','), isProxy), canonicalAddress(peer))
        assert.equal(clientAddress(peer, hops.join(','), networks([])), canonicalAddress(peer))
      }),
    )
  })

  it('is what the first of our proxies heard, whatever the client wrote before that', () => {
    fc.assert(
      fc.property(stranger, fc.array(anything), proxies, (client, written, ours) => {
        assert.equal(clientAddress(proxy, [...written, client, ...ours].join(','), isProxy), canonicalAddress(client))
      }),
    )
  })

  it('is always an address, in its canonical text', () => {
    fc.assert(
      fc.property(fc.array(anything), (hops) => {
        const client = clientAddress(proxy, hops.join(','), isProxy)
        assert.ok(client !== null && canonicalAddress(client) === client)
      }),
    )
  })
})
