/**
 * How soon the published service is there, and how much memory it holds at rest and under load, on PostgreSQL, with
 * Node's arguments as the image has them. `FOOTPRINT_SECONDS` shortens the load for a look.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { builtService } from '../support/built.ts'
import { imageArguments } from '../support/image-arguments.ts'
import { startPostgres } from '../support/postgres.ts'
import { type ServiceProcess, startProcess } from '../support/processes.ts'
import { password } from '../support/service.ts'

const seconds = Number(process.env.FOOTPRINT_SECONDS ?? 20)
const starts = 10
const connections = 32
const env = { BCRYPT_COST: '12', NODE_ENV: 'production', ACCESS_TOKEN_TTL: '1h', REFRESH_TOKEN_TTL: '1h' }

const limits = { startMs: 1000, atRest: 100, underLoad: 160 }

/** In MB of a million bytes. The kernel keeps the peak itself, so that none falls between two looks. */
function resident(pid: number, when: 'now' | 'at most'): number {
  const name = when === 'now' ? 'VmRSS' : 'VmHWM'
  const [, kibibytes] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kibibytes) * 1024) / 1e6
}

interface Session {
  access: string
  refresh: string
}

/** One client after another request on a connection of its own, until the time is over; answers how many were served. */
async function client(service: ServiceProcess, seconds: number, next: (send: Send) => Promise<void>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const end = performance.now() + seconds * 1000
  let served = 0
  const send: Send = (method, path, token, json) =>
    new Promise((resolve, reject) => {
      const headers = { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' }
      const call = request(new URL(path, service.url), { agent, method, headers }, async (answer) => {
        const text = (await answer.toArray()).join('')
        served++
        resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) })
      })
      call.on('error', reject).end(json && JSON.stringify(json))
    })
  while (performance.now() < end) await next(send)
  agent.destroy()
  return served
}

// biome-ignore lint/suspicious/noExplicitAny: the load reads whatever came back.
type Send = (method: string, path: string, token?: string, json?: object) => Promise<{ status: number; body: any }>

const me = (session: Session) => async (send: Send) => {
  assert.equal((await send('GET', '/api/v1/users/me', session.access)).status, 200)
}

const refresh = (session: Session) => async (send: Send) => {
  const { status, body } = await send('POST', '/api/v1/auth/refresh', session.refresh)
  assert.equal(status, 200)
  session.access = body.access_token
  session.refresh = body.refresh_token
}

const person = { email: 'footprint@example.com', password }

const logIn = async (send: Send) => {
  const { status } = await send('POST', '/api/v1/auth/login', undefined, person)
  assert.ok(status === 200 || status === 503, String(status))
}

describe('the footprint of the published service', {
  skip: process.platform !== 'linux' && 'only Linux tells what is resident',
}, () => {
  let program: string[]
  before(async () => {
    program = [...imageArguments(), (await builtService()).main]
  })

  async function world(t: TestContext) {
    const server = await startPostgres()
    t.after(() => server.stop())
    const { url } = await server.createDatabase()
    // The first start makes the tables.
    await (await startProcess(url, env, program)).stop()
    return { start: () => startProcess(url, env, program) }
  }

  test(`its first answer comes within ${limits.startMs} ms after the start`, async (t) => {
    const { start } = await world(t)
    const times: number[] = []
    while (times.length < starts) {
      const before = performance.now()
      const service = await start()
      assert.equal((await service.call('GET', '/health/ready')).status, 200)
      times.push(performance.now() - before)
      await service.stop()
    }
    const sorted = times.toSorted((a, b) => a - b).map(Math.round)
    const median = sorted[starts / 2] ?? Number.NaN
    t.diagnostic(`start to first answer: ${median} ms in the median, ${sorted[0]} to ${sorted.at(-1)} ms`)
    assert.ok(median < limits.startMs, `${median} ms`)
  })

  test(`it holds at most ${limits.atRest} MB at rest and ${limits.underLoad} MB under load`, async (t) => {
    const { start } = await world(t)
    const service = await start()
    t.after(() => service.stop())
    await sleep(10_000)
    const rest = resident(service.pid, 'now')
    t.diagnostic(`at rest: ${rest.toFixed(1)} MB`)

    assert.equal((await service.call('POST', '/api/v1/auth/register', { json: person })).status, 200)
    const sessions: Session[] = []
    while (sessions.length < connections) {
      const { status, body } = await service.call('POST', '/api/v1/auth/login', { json: person })
      assert.equal(status, 200)
      sessions.push({ access: body.access_token, refresh: body.refresh_token })
    }
    const phases = { refresh: sessions.map(refresh), me: sessions.map(me), 'log in': sessions.map(() => logIn) }
    let peak = Number.NaN
    for (const [name, clients] of Object.entries(phases)) {
      const counts = await Promise.all(clients.map((next) => client(service, seconds, next)))
      // Since its start.
      peak = resident(service.pid, 'at most')
      const served = counts.reduce((sum, count) => sum + count, 0)
      t.diagnostic(`${name}, ${connections} at once: ${Math.round(served / seconds)}/s, ${peak.toFixed(1)} MB at most`)
    }
    await sleep(40_000)
    t.diagnostic(`at rest again: ${resident(service.pid, 'now').toFixed(1)} MB`)
    assert.ok(rest <= limits.atRest, `${rest} MB at rest`)
    assert.ok(peak <= limits.underLoad, `${peak} MB under load`)
  })
})
