// GHSA-6mq3-xmgp-pjm5 (ZITADEL): a token that was cut after 80 characters was as good as the whole one.
import { test } from 'node:test'
import { access, assertInvalid, refresh } from './token-bench.ts'

test('no beginning of a token is as good as the token', async () => {
  for (const token of [access, refresh]) {
    const beginnings = Array.from({ length: token.length }, (_, length) => token.slice(0, length))
    await assertInvalid(beginnings)
  }
})
