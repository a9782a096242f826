import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { compose, type Service } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import { createLog } from '../../src/platform/log.ts'
import { createLedger, type Ledger } from '../support/ledger.ts'
import { startDurablePostgres } from '../support/postgres.ts'
import { processEnv, type ServiceProcess, startProcess } from '../support/processes.ts'
import { type Leftover, lifetime, rotators, seed, startWork, workEnv } from './workload.ts'

/** What a loop did: how often it killed, what had been acknowledged, and the longest time without an answer. */
export interface Report {
  readonly kills: number
  readonly acknowledged: Record<string, number>
  /** Milliseconds from the moment that what was killed is up again to the next answer of the service. */
  readonly slowestRecovery: number
}

/** How many times a loop kills, and how many acknowledgements are between two kills, at most; a tenth at least. */
export interface Extent {
  readonly kills: number
  readonly between: number
}

interface Loop extends Extent {
  /** Sessions for the work that is done while nobody counts. */
  readonly spare?: number
  /** Where the data is, as configuration. */
  readonly env: Readonly<Record<string, string>>
  /** Kills and brings back; answers the process that serves from now on. */
  readonly strike: (
    service: ServiceProcess,
    start: () => Promise<ServiceProcess>,
    round: number,
  ) => Promise<ServiceProcess>
}

/** Kills the service that writes to PostgreSQL, again and again. */
export async function killService(extent: Extent): Promise<Report> {
  await using server = await startDurablePostgres()
  const database = await server.createDatabase()
  return await loop({ ...extent, env: { DATABASE_URL: database.url }, strike: killAndStart })
}

/** Kills the workers of a service that has two, one after the other: the service itself goes on, with the other one. */
export async function killWorkers(extent: Extent): Promise<Report> {
  await using server = await startDurablePostgres()
  const database = await server.createDatabase()
  return await loop({
    ...extent,
    env: { DATABASE_URL: database.url, WORKERS: '2' },
    // The other worker serves on while one starts.
    spare: 100 * extent.kills,
    async strike(service) {
      const { workers } = service
      while (workers.length < 2) await sleep(10)
      const [oldest] = workers
      assert.ok(oldest)
      process.kill(oldest, 'SIGKILL')
      while (workers.includes(oldest)) await sleep(10)
      return service
    },
  })
}

/** Kills the service that has the embedded database, again and again. */
export async function killEmbedded(extent: Extent): Promise<Report> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-kills-'))
  try {
    return await loop({ ...extent, env: { DATABASE_URL: '', DATA_DIR: dataDir }, strike: killAndStart })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Kills PostgreSQL under the service: in turn its first process and the one that does the service's work. */
export async function killPostgres(extent: Extent): Promise<Report> {
  await using server = await startDurablePostgres()
  const database = await server.createDatabase()
  return await loop({
    ...extent,
    env: { DATABASE_URL: database.url },
    async strike(service, _, round) {
      if (round % 2 === 0) {
        await server.down('kill')
        await server.up()
      } else await server.killBackend()
      return service
    },
  })
}

async function killAndStart(service: ServiceProcess, start: () => Promise<ServiceProcess>): Promise<ServiceProcess> {
  await service.kill()
  return start()
}

async function loop({ kills, between, env, strike, spare = 0 }: Loop): Promise<Report> {
  const ledger = createLedger()
  const waiting = await seedFor(env, kills * between + spare * lifetime.least)
  const start = () => startProcess(env.DATABASE_URL ?? '', { ...env, ...workEnv })
  let service = await start()
  const work = startWork({ ledger, seeds: waiting, at: () => service })
  try {
    let slowestRecovery = 0
    for (let round = 0; round < kills; round++) {
      await ledger.more(Math.ceil(between * (0.1 + 0.9 * Math.random())))
      service = await strike(service, start, round)
      const up = performance.now()
      await ledger.more(1)
      slowestRecovery = Math.max(slowestRecovery, performance.now() - up)
    }
    await goOn(service, await work.stop(), ledger)
    await service.stop()
    await assertNothingLost(env, ledger)
    return { kills, acknowledged: ledger.counts(), slowestRecovery: Math.round(slowestRecovery) }
  } finally {
    await work.stop()
    await service.stop()
  }
}

/** As many sessions as so many acknowledgements use up, at most. */
export const seedFor = (env: Readonly<Record<string, string>>, acknowledgements: number) =>
  behind(env, ({ database }) => seed(database, rotators + Math.ceil(acknowledgements / lifetime.least)))

/** What was used stays used, and who has the newest token goes on. */
export async function goOn(service: ServiceProcess, leftovers: readonly Leftover[], ledger: Ledger): Promise<void> {
  for (const { session, token, generation, stale } of leftovers) {
    const next = await service.call('POST', '/api/v1/auth/refresh', { token })
    assert.equal(next.status, 200, next.text)
    ledger.rotated(session, generation + 1)
    if (!stale) continue
    const reused = await service.call('POST', '/api/v1/auth/refresh', { token: stale })
    assert.equal(reused.body.code, 'refresh_token_reused')
  }
}

/** Asserts that the database has all that is in the ledger, and an audit log that is whole. No process serves from it. */
export async function assertNothingLost(env: Readonly<Record<string, string>>, ledger: Ledger): Promise<void> {
  const { lost, verdict } = await behind(env, async ({ database, auditLog }) => {
    await auditLog.seal({ final: true })
    const look = async (statement: string) => (await sql.raw(statement).execute(database)).rows as never
    return { lost: await ledger.lost(look), verdict: await auditLog.verify() }
  })
  assert.deepEqual(lost, [])
  assert.ok(verdict.intact, verdict.text)
}

/** Works on the database while no process of the service has it. */
async function behind<T>(env: Readonly<Record<string, string>>, work: (service: Service) => Promise<T>): Promise<T> {
  const service = await compose(parseConfig({ ...processEnv, ...env }), { log: createLog('silent'), keeps: false })
  try {
    return await work(service)
  } finally {
    await service.close()
  }
}
