import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import * as embed from '../src/embed.ts'
import type * as contract from '../src/embed-contract.ts'

// What is published as types is a file of its own: here the compiler holds the two together.
const published: typeof contract = embed

describe('the service inside another program', () => {
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'latchkey-embed-'))
  after(() => rmSync(DATA_DIR, { recursive: true, force: true }))

  test('reads nothing from the environment that is not handed over', async () => {
    process.env.PORT = 'wrong'
    try {
      const settings = { PORT: '0', PUBLIC_URL: 'http://localhost:1602', DATA_DIR, BCRYPT_COST: '10' }
      const lines: string[] = []
      const latchkey = await published.createLatchkey(settings, { writeLog: (line) => lines.push(line) })
      const handlers = process.listenerCount('SIGTERM')
      const url = await latchkey.listen()
      assert.equal((await fetch(`${url}/health/ready`)).status, 200)
      latchkey.leave()
      assert.equal((await fetch(`${url}/health/ready`)).status, 503)
      assert.equal((await fetch(`${url}/health/live`)).status, 200)
      assert.equal(process.listenerCount('SIGTERM'), handlers)
      await Promise.all([latchkey.close(), latchkey.close()])
      await assert.rejects(fetch(`${url}/health/live`))
      assert.ok(
        lines.length > 0 && lines.every((line) => line.endsWith('\n') && JSON.parse(line).service === 'latchkey'),
      )
    } finally {
      delete process.env.PORT
    }
  })

  test('has a sentence for each setting that is wrong, and is one process', async () => {
    const refused = async (settings: contract.Settings) => {
      const error = await published.createLatchkey(settings).catch((error) => error)
      assert.ok(error instanceof published.ConfigError)
      return error.problems
    }
    assert.equal((await refused({ BCRYPT_COST: '99', LOG_LEVEL: 'loud' })).length, 2)
    assert.match((await refused({ WORKERS: '2', DATABASE_URL: 'postgres://a/b' }))[0] ?? '', /^WORKERS must be 1 /)
  })

  test('refuses what only the command does something with, and takes it when it is empty', async () => {
    // As a host hands over the environment that it shares with a command.
    const env: Record<string, string> = { DATA_DIR, CONFIG_FILE: '/etc/latchkey.env', ADMIN_PORT: '0' }
    const error = await published
      .createLatchkey(env)
      .then((latchkey) => latchkey.close())
      .catch((error) => error)
    assert.ok(error instanceof published.ConfigError)
    const [file = '', port = '', ...others] = error.problems
    assert.match(file, /^CONFIG_FILE must be absent /)
    assert.match(port, /^ADMIN_PORT must be absent /)
    assert.deepEqual(others, [])
    const empty: Record<string, string> = { CONFIG_FILE: '', ADMIN_PORT: '' }
    const latchkey = await published.createLatchkey({ ...env, ...empty }, { writeLog() {} })
    await latchkey.close()
  })
})
