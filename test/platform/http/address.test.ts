import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalAddress } from '../../../src/platform/http/address.ts'

const table: [text: string | undefined, canonical: string | null][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:C000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:c000:207', '192.0.2.7'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::1', '::1'],
  ['fe80::1%eth0', 'fe80::1'],
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
