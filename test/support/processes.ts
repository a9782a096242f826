import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inherited } from './inherited.ts'
import type { Answer, CallOptions } from './service.ts'

/** The service as a process of its own, as an operator runs it, on the machine's time. */
export interface ServiceProcess {
  readonly url: string
  readonly pid: number
  /** Those that serve for it at the moment, if it has workers. */
  readonly workers: readonly number[]
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Ends it at once, with no chance to finish anything. */
  kill(): Promise<void>
  /** Ends it as an operator does. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** What all processes of a test share, beside their database. */
export const processEnv = {
  SECRET_KEY: 'Vn3lq0Xo5s8Jw1bTz7RkE2uYc9Hd4GmA',
  PUBLIC_URL: 'http://localhost:1602',
  PORT: '0',
  BCRYPT_COST: '10',
  RATE_LIMIT: 'off',
  // A busy machine is slow, and these tests want their answers however long it takes.
  HASH_DEADLINE: '60s',
}

const startMs = 60_000
const stopMs = 15_000

const alive = new Set<ChildProcess>()
const killAll = () => {
  for (const child of alive) child.kill('SIGKILL')
}
// However the test process ends, its children end with it.
process.on('exit', killAll)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    killAll()
    process.kill(process.pid, signal)
  })
}

/**
 * Starts `src/main.ts` on the database at `databaseUrl`, or another program in its place, and waits until it says that
 * it is ready. The arguments are Node's.
 */
export async function startProcess(
  databaseUrl: string,
  env: Record<string, string> = {},
  program: readonly string[] = [main],
): Promise<ServiceProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-process-'))
  const child = spawn(process.execPath, program, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inherited(),
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      ...processEnv,
      ...env,
    },
  })
  alive.add(child)
  const ended = once(child, 'exit').then(() => {
    alive.delete(child)
    rmSync(dataDir, { recursive: true, force: true })
  })
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    const cut = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await ended
    clearTimeout(cut)
  }

  const workers: number[] = []
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const url = await new Promise<string>((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`the service is not ready: ${complaints}`)), startMs)
    child.once('exit', () => reject(new Error(`the service ended before it was ready: ${complaints}`)))
    createInterface(child.stdout).on('line', (line) => {
      const { msg, address, pid } = JSON.parse(line)
      if (msg === 'a worker is ready') workers.push(pid)
      if (msg === 'a worker has ended: another takes its place') workers.splice(workers.indexOf(pid), 1)
      if (msg !== 'ready') return
      clearTimeout(tooLong)
      resolve(address)
    })
  }).catch(async (error) => {
    await end('SIGKILL')
    throw error
  })

  return {
    url,
    pid: child.pid as number,
    workers,
    async call(method, path, { token, json, headers = {} } = {}) {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: text ? JSON.parse(text) : '' }
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}
