// GHSA-qwph-4952-7xr6 (jsonwebtoken): with no key and no algorithms named `none` was among those that pass, and so did unsigned tokens.
import { test } from 'node:test'
import { compact, decode, unsigned } from '../support/forge.ts'
import { access, assertInvalid, refresh } from './token-bench.ts'

test('a token whose header says that it needs no signature is refused, with and without one', async () => {
  for (const own of [access, refresh]) {
    const { header, claims, signature } = decode(own)
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none\0', '', null, undefined, ['none']]) {
      const changed = { ...header, alg }
      await assertInvalid([compact(changed, claims, unsigned), compact(changed, claims, () => signature)])
    }
    await assertInvalid([compact(header, claims, unsigned)])
  }
})
