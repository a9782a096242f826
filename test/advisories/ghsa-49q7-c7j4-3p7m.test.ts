// GHSA-49q7-c7j4-3p7m (elliptic): one signature had many encodings, so one message had many texts that passed.
import { createPrivateKey, sign } from 'node:crypto'
import { test } from 'node:test'
import { compact, decode } from '../support/forge.ts'
import { access, assertInvalid, claims, header, privateKey, refresh } from './token-bench.ts'

test('a genuine signature in any other encoding than its own is refused', async () => {
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
  const der = compact(header, claims, (input) => sign('sha256', Buffer.from(input), key))
  const encodings = [access, refresh].flatMap((token) => {
    const { signature } = decode(token)
    const base = token.slice(0, token.lastIndexOf('.') + 1)
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const end = last.indexOf(token.slice(-1))
    return [
      `${token}=`,
      `${token}==`,
      // The last character holds bits that no byte takes up.
      token.slice(0, -1) + last[end ^ 1],
      base + signature.toString('base64'),
      base + signature.toString('hex'),
      base + Buffer.concat([Buffer.of(0), signature]).toString('base64url'),
      base + Buffer.concat([signature, Buffer.of(0)]).toString('base64url'),
    ]
  })
  await assertInvalid([der, ...encodings.filter((text) => ![access, refresh].includes(text))])
})
