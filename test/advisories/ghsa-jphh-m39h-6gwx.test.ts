// GHSA-jphh-m39h-6gwx (9router): where no key was configured, tokens were signed with one that stands in the source.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { secretKeyIn } from '../../src/platform/secret-key.ts'

const folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'latchkey-test-'))))
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

test('where no key is configured each installation makes one of its own, for its own eyes', async () => {
  assert.equal(parseConfig({}).secretKey, null)
  const keys = await Promise.all(folders.map((folder) => secretKeyIn(folder)))
  assert.equal(new Set(keys.map((key) => key.reveal())).size, 2)
  for (const [index, folder] of folders.entries()) {
    const path = join(folder, 'secret.key')
    assert.ok(keys[index] && keys[index].reveal().length >= 64)
    assert.equal((await readFile(path, 'utf8')).trim(), keys[index].reveal())
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
})

test('a key that everybody knows stops the start, and the sentence does not repeat it', () => {
  const known = [
    ...['9router-default-secret-change-me', 'your-256-bit-secret-your-256-bit-secret', 'changeme'.repeat(4)],
    ...['a'.repeat(64), '0123456789'.repeat(4), 'super-secret-jwt-token-with-at-least-32-characters-long'],
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
  ]
  for (const key of known) {
    assert.throws(
      () => parseConfig({ SECRET_KEY: key }),
      (error: Error) =>
        error instanceof ConfigError && error.message.includes('SECRET_KEY') && !error.message.includes(key),
      key,
    )
  }
})
