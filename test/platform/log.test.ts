import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { logLines } from '../../src/platform/log-lines.ts'
import { inherited } from '../support/inherited.ts'
import { startPostgres } from '../support/postgres.ts'
import { processEnv } from '../support/processes.ts'
import { sendRaw } from '../support/raw-http.ts'

const directory = mkdtempSync(join(tmpdir(), 'latchkey-log-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const lossLine = (lost: number) => `lost ${lost}\n`
let pipes = 0

/** A pipe of the system: what is written is not read until somebody does. */
function pipe() {
  const path = join(directory, `pipe-${++pipes}`)
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  let text = ''
  return {
    fd,
    /** All that has come so far. */
    read() {
      const buffer = Buffer.alloc(1 << 16)
      for (;;) {
        try {
          text += buffer.toString('utf8', 0, readSync(fd, buffer))
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
          return text
        }
      }
    },
    close: () => closeSync(fd),
  }
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await sleep(10)
}

describe('the lines of the log', () => {
  it('come out whole and in their order', async () => {
    const { fd, read, close } = pipe()
    const lines = logLines(fd, { lossLine })
    const sent = Array.from({ length: 5_000 }, (_, index) => `${index} é${'x'.repeat(index % 90)}\n`)
    for (const line of sent) lines.write(line)
    await until(() => read().endsWith(sent.at(-1) ?? ''))
    assert.equal(read(), sent.join(''))
    close()
  })

  it('are not torn by what other processes write into the same pipe, however slowly it is read', async () => {
    const { fd, read, close } = pipe()
    const writers = ['a', 'b', 'c'].map((letter) => ({ letter, lines: logLines(fd, { lossLine }) }))
    for (let count = 0; count < 1_500; count++) {
      for (const { letter, lines } of writers) lines.write(`${letter.repeat(200 + (count % 97))}\n`)
    }
    // Nobody reads until the pipe is full, and then as much as fits into it.
    await sleep(20)
    await until(() => read().split('\n').length > 4_500)
    const rows = read().split('\n').slice(0, -1)
    assert.deepEqual(
      rows.filter((row) => !/^(a+|b+|c+)$/.test(row)),
      [],
    )
    close()
  })

  it('wait where nobody reads, up to the bound; those beyond are counted, and that is said once it flows', async () => {
    const { fd, read, close } = pipe()
    const line = `${'x'.repeat(999)}\n`
    const lines = logLines(fd, { most: 500_000, lossLine })
    for (let count = 0; count < 2_000; count++) lines.write(line)
    // The pipe's own buffer takes some; then nothing moves.
    await sleep(150)
    for (let count = 0; count < 2_000; count++) lines.write(line)
    const whole = () => read().split('\n').slice(0, -1)
    const lostIn = (rows: string[]) => rows.filter((row) => row.startsWith('lost ')).map((row) => Number(row.slice(5)))
    const accounted = (rows: string[]) =>
      rows.filter((row) => row.length === 999).length + lostIn(rows).reduce((a, b) => a + b, 0)
    await until(() => accounted(whole()) === 4_000)
    lines.write('after\n')
    await until(() => read().endsWith('after\n'))
    const rows = whole()
    assert.ok(lostIn(rows).length >= 1 && rows.length < 4_000)
    assert.ok(rows.every((row) => row.length === 999 || /^lost [0-9]+$|^after$/.test(row)))
    close()
  })

  it('hold up no end of the process where nobody reads them, and nothing is written after it', async () => {
    const { fd, read, close } = pipe()
    const lines = logLines(fd, { lossLine })
    for (let count = 0; count < 2_000; count++) lines.write(`${'x'.repeat(999)}\n`)
    // By now the pipe is full, and the rest waits for its next attempt.
    await sleep(20)
    lines.end()
    lines.write('too late\n')
    const first = read()
    assert.match(first, /^x{999}\n/)
    // Its number may by now be another file's.
    await sleep(150)
    assert.equal(read(), first)
    close()
  })

  it('are written at the end of the process where somebody reads them', () => {
    const { fd, read, close } = pipe()
    const lines = logLines(fd, { lossLine })
    // Nothing of it is written before this turn ends, but the first.
    for (let count = 0; count < 50; count++) lines.write(`${count}\n`)
    lines.end()
    assert.match(read(), /\n48\n49\n/)
    close()
  })

  it('are over, and nothing else, where the reader is gone', async () => {
    const path = join(directory, 'gone')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    closeSync(reader)
    const lines = logLines(fd, { lossLine })
    lines.write('x\n')
    await sleep(50)
    lines.write('y\n')
    lines.end()
    closeSync(fd)
  })

  it('wait for room on a disk that is full', { skip: !existsSync('/dev/full') && 'no /dev/full here' }, async () => {
    const fd = openSync('/dev/full', 'w')
    const lines = logLines(fd, { most: 10_000, lossLine })
    for (let count = 0; count < 100; count++) lines.write(`${'x'.repeat(999)}\n`)
    await sleep(50)
    lines.write('y\n')
    lines.end()
    closeSync(fd)
  })
})

describe('the service as a process', { concurrency: true }, () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

  for (const [what, stdout] of [
    ['nobody reads its log', 'pipe'],
    ['its log goes to a full disk', '/dev/full'],
    ['its log has lost its reader', 'closed'],
  ] as const) {
    const skip = stdout === '/dev/full' && !existsSync(stdout) && 'no /dev/full here'
    it(`serves on and ends in order while ${what}`, { skip }, async () => {
      await using server = await startPostgres()
      const { url: DATABASE_URL } = await server.createDatabase()
      const port = await freePort()
      const target = stdout === '/dev/full' ? openSync(stdout, 'w') : 'pipe'
      const child = spawn(process.execPath, [main], {
        stdio: ['ignore', target, 'pipe'],
        env: { ...inherited(), ...processEnv, DATABASE_URL, DATA_DIR: directory, PORT: String(port) },
      })
      const ended = once(child, 'exit')
      try {
        child.stdout?.on('error', () => undefined)
        if (stdout === 'closed') child.stdout?.destroy()
        child.stderr?.resume()
        const url = `http://127.0.0.1:${port}`
        const live = () => fetch(`${url}/health/live`).then(({ status }) => status)
        while ((await live().catch(() => 0)) !== 200) {
          assert.equal(child.exitCode, null)
          await sleep(50)
        }
        const refused = `GET /${'x'.repeat(90)} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(30)
        // Far more than a pipe or a socket holds.
        for (let round = 0; round < 30; round++) await sendRaw(url, refused, 30)
        assert.equal(await live(), 200)
        child.kill('SIGTERM')
        assert.deepEqual(await ended, [0, null])
      } finally {
        child.kill('SIGKILL')
        if (typeof target === 'number') closeSync(target)
      }
    })
  }
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
