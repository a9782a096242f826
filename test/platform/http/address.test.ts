import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalAddress, placeOf } from '../../../src/platform/http/address.ts'

const table: [text: string | undefined, canonical: string | null][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:C000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:c000:207', '192.0.2.7'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::1', '::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['fe80::1%<script>', null],
  ['192.0.2.7%eth0', null],
  ['192.0.2.7:80', null],
  ['[::1]', null],
  [' ::1', null],
  ['192.0.2.07', null],
  ['3221225991', null],
  ['example.com', null],
  ['192.0.2.7, 10.0.0.1', null],
  ['<script>', null],
  ['', null],
  [undefined, null],
]

for (const [text, canonical] of table) {
  test(`${text} is kept as ${canonical}`, () => assert.equal(canonicalAddress(text), canonical))
}

const places: [address: string | null, place: string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:db8::1:0:0:1', '2001:db8::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['1:0:0:4::', '1:0:0:4::/64'],
  ['0:0:1:2:3:4:5:6', '0:0:1:2::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['example.com', 'nowhere'],
  ['', 'nowhere'],
  [null, 'nowhere'],
]

for (const [address, place] of places) {
  test(`a limit counts ${address} as ${place}`, () => assert.equal(placeOf(address), place))
}

const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
const notMapped = groups.filter((all) => all.slice(0, 5).some((group) => group > 0) || all[5] !== 0xffff)

/** An address in other texts than its own: leading zeros, capitals, a run of zeros cut out, the end as IPv4. */
function otherTexts(address: readonly number[]): string[] {
  const hex = address.map((group) => group.toString(16))
  const full = hex.map((group) => group.padStart(4, '0'))
  const [a = 0, b = 0] = address.slice(6)
  const texts = [hex.join(':'), full.join(':'), full.join(':').toUpperCase(), `${full.join(':')}%eth0`]
  texts.push(`${hex.slice(0, 6).join(':')}:${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`)
  for (let from = 0; from < 8; from++) {
    for (let to = from + 1; to <= 8 && address[to - 1] === 0; to++) {
      texts.push(`${hex.slice(0, from).join(':')}::${hex.slice(to).join(':')}`)
    }
  }
  return texts
}

test('all texts of one address have one canonical text, and one place', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        groups,
        groups.map((all) => all.map((group, at) => (at % 3 ? 0 : group))),
      ),
      (address) => {
        const texts = otherTexts(address)
        assert.equal(new Set(texts.map(canonicalAddress)).size, 1)
        assert.equal(new Set(texts.map(placeOf)).size, 1)
        const canonical = canonicalAddress(texts[0])
        assert.equal(canonicalAddress(canonical), canonical)
      },
    ),
  )
})

test('addresses share a place exactly when they share the first 64 bits', () => {
  fc.assert(
    fc.property(notMapped, notMapped, fc.integer({ min: 0, max: 7 }), (one, other, at) => {
      const text = (address: readonly number[]) => address.map((group) => group.toString(16)).join(':')
      const near = one.with(at, other[at] ?? 0)
      fc.pre(near.slice(0, 5).some((group) => group > 0))
      const shared = one.slice(0, 4).join() === near.slice(0, 4).join()
      assert.equal(placeOf(text(one)) === placeOf(text(near)), shared)
      assert.match(placeOf(text(one)), /^[0-9a-f:]+::\/64$/)
    }),
  )
})

test('whatever is no address is nobody’s, and is never an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.ipV4(), fc.ipV6()), (text) => {
      const canonical = canonicalAddress(text)
      assert.equal(placeOf(text) === 'nowhere', canonical === null)
      if (canonical !== null) assert.match(canonical, /^[0-9a-f.:]{2,39}$/)
    }),
  )
})
