import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Adapter, Place } from '../adapter.ts'
import { type Core, pinned } from './pinning.ts'

/** A server under test, started and ready. */
export interface BenchServer {
  readonly pid: number
  readonly place: Place
  stop(): Promise<void>
}

const startMs = 60_000
const stopMs = 15_000

const alive = new Set<ChildProcess>()
// However the bench ends, the servers end with it.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Starts the adapter's server and waits until it answers. */
export async function startServer(
  adapter: Adapter,
  place: Place,
  core: Core,
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const launch = adapter.launch(place)
  const [command, ...parameters] = pinned(core, launch.command)
  const child = spawn(command, parameters, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, ...launch.env, ...env },
    ...(launch.cwd !== undefined && { cwd: launch.cwd }),
  })
  alive.add(child)
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4_000)
  })
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  const ended = () => failure !== undefined || child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    if (!ended()) {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      const cut = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await exit
      clearTimeout(cut)
    }
    alive.delete(child)
  }

  const deadline = Date.now() + startMs
  while (!(await answers(place, adapter.ready))) {
    if (ended() || Date.now() > deadline) {
      await stop()
      throw new Error(`${adapter.name} does not start: ${failure?.message ?? complaints}`)
    }
    await sleep(20)
  }
  return { pid: child.pid as number, place, stop }
}

const answers = ({ host, port }: Place, path: string) =>
  fetch(`http://${host}:${port}${path}`).then(
    ({ status }) => status < 500,
    () => false,
  )
