import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Secret } from '../../src/kernel/secret.ts'
import { deriveKey, secretKeyIn } from '../../src/platform/secret-key.ts'

let root: string
let count = 0
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'latchkey-secret-key-'))
})
after(() => rm(root, { recursive: true, force: true }))
const place = () => join(root, String(count++))

test('the first start makes a key of 48 random bytes that only its owner may read, and nothing beside it', async () => {
  const directory = join(place(), 'deeper')
  const key = (await secretKeyIn(directory)).reveal()
  assert.match(key, /^[A-Za-z0-9_-]{64}$/)
  assert.equal(await readFile(join(directory, 'secret.key'), 'utf8'), `${key}\n`)
  assert.deepEqual(await readdir(directory), ['secret.key'])
  if (process.platform !== 'win32') {
    assert.equal((await stat(join(directory, 'secret.key'))).mode & 0o777, 0o600)
    assert.equal((await stat(directory)).mode & 0o777, 0o700)
  }
})

test('the mode does not depend on the umask', { skip: process.platform === 'win32' }, async () => {
  const directory = place()
  const umask = process.umask(0)
  try {
    await secretKeyIn(directory)
  } finally {
    process.umask(umask)
  }
  assert.equal((await stat(join(directory, 'secret.key'))).mode & 0o777, 0o600)
})

test('later starts read the same key', async () => {
  const directory = place()
  const first = await secretKeyIn(directory)
  assert.equal((await secretKeyIn(directory)).reveal(), first.reveal())
})

test('two directories have two keys', async () => {
  assert.notEqual((await secretKeyIn(place())).reveal(), (await secretKeyIn(place())).reveal())
})

test('of many who make it at once all get the same key, and no draft stays behind', async () => {
  for (let round = 0; round < 20; round++) {
    const directory = place()
    // A little after one another, so that some are done while others have only begun.
    const start = async (index: number) => {
      await sleep(index / 4)
      return (await secretKeyIn(directory)).reveal()
    }
    const keys = await Promise.all(Array.from({ length: 20 }, (_, index) => start(index)))
    assert.equal(new Set(keys).size, 1)
    assert.deepEqual(await readdir(directory), ['secret.key'])
  }
})

test('a key that a person put there is taken as it is, but for the white space around it', async () => {
  const directory = place()
  await mkdir(directory)
  await writeFile(join(directory, 'secret.key'), '  tY9uB2xWq7LmZ4vKc8RfN1sHd6GpJ3eA\r\n\n')
  assert.equal((await secretKeyIn(directory)).reveal(), 'tY9uB2xWq7LmZ4vKc8RfN1sHd6GpJ3eA')
})

for (const [what, text] of [
  ['empty', ''],
  ['white space', ' '.repeat(64)],
  ['31 bytes long', 'hunter2hunter2hunter2hunter2hun'],
] as const) {
  test(`a key file that is ${what} stops the start, is not replaced and not quoted`, async () => {
    const directory = place()
    await mkdir(directory)
    const path = join(directory, 'secret.key')
    await writeFile(path, text)
    await assert.rejects(secretKeyIn(directory), (error: Error) => {
      assert.match(error.message, /secret\.key is damaged: it must be at least 32 bytes long/)
      assert.ok(error.message.includes(path))
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
    assert.equal(await readFile(path, 'utf8'), text)
  })
}

test('a place where no directory can be made stops the start', async () => {
  const file = place()
  await writeFile(file, '')
  await assert.rejects(secretKeyIn(join(file, 'data')), { code: 'ENOTDIR' })
})

test('something else in the place of the file stops the start', async () => {
  const directory = place()
  await mkdir(join(directory, 'secret.key'), { recursive: true })
  await assert.rejects(secretKeyIn(directory), { code: 'EISDIR' })
})

test('a derived key has 32 bytes, is the same every time, and by HKDF-SHA-256 of RFC 5869', () => {
  const secret = new Secret('tY9uB2xWq7LmZ4vKc8RfN1sHd6GpJ3eA')
  const key = deriveKey(secret, 'vault').reveal()
  assert.equal(key.length, 32)
  assert.deepEqual(deriveKey(secret, 'vault').reveal(), key)
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret.reveal()).digest()
  assert.deepEqual(key, createHmac('sha256', extracted).update('latchkey/v1/vault\x01').digest())
  // Written down: were the derivation to change, every database out there would be shut.
  assert.equal(key.toString('hex'), '7e85ed80f68f484600468ff31b4bbd8f43b2fe57f36741d9080dfd3a077a8c91')
})

test('each purpose and each secret has a key of its own', () => {
  const keys = ['a', 'b'].flatMap((secret) =>
    ['vault', 'refresh-token', 'Vault', ''].map((purpose) => deriveKey(new Secret(secret), purpose)),
  )
  assert.equal(new Set(keys.map((key) => key.reveal().toString('hex'))).size, 8)
})
