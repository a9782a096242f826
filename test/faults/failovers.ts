import { createLedger } from '../support/ledger.ts'
import { startDurablePostgres } from '../support/postgres.ts'
import { type ServiceProcess, startProcess } from '../support/processes.ts'
import { startStandby } from '../support/standby.ts'
import { assertNothingLost, goOn, seedFor } from './kill-loops.ts'
import { recovery } from './scene.ts'
import { startWork, workEnv } from './workload.ts'

/** What a failover did: what had been acknowledged before the kill and after the promotion, and the way back. */
export interface FailoverReport {
  readonly before: Record<string, number>
  readonly acknowledged: Record<string, number>
  /** Milliseconds from the promotion until each of the two processes has answered a call that writes. */
  readonly servedAfter: readonly number[]
}

/**
 * Two processes of the service on a primary with a synchronous standby: under load the primary is killed by `kill -9`
 * and the standby promoted. Nothing of ours is started anew. Asserts that all that was acknowledged is there.
 *
 * @param acknowledgements how many there are before the kill, and once more after the promotion
 */
export async function failOver(acknowledgements: number): Promise<FailoverReport> {
  await using primary = await startDurablePostgres()
  const database = new URL((await primary.createDatabase()).url)
  await using standby = await startStandby(primary)
  const hosts = `${database.host},${new URL(standby.url).host}`
  const url = database.href.replace(database.host, hosts)
  const env = { DATABASE_URL: `${url}?target_session_attrs=read-write` }

  const ledger = createLedger()
  const seeds = await seedFor(env, acknowledgements * 4)
  const services = await Promise.all([1, 2].map(() => startProcess(env.DATABASE_URL, workEnv)))
  let turn = 0
  const work = startWork({ ledger, seeds, at: () => services[turn++ % 2] as ServiceProcess, people: 4 })
  try {
    await Promise.all([ledger.more(acknowledgements), ledger.each()])
    await primary.down('kill')
    const before = ledger.counts()
    await standby.promote()
    const promoted = performance.now()
    const servedAfter = await Promise.all(services.map((service) => recovery({ service }, promoted)))
    await ledger.more(acknowledgements)
    await goOn(services[0] as ServiceProcess, await work.stop(), ledger)
    for (const service of services) await service.stop()
    await assertNothingLost(env, ledger)
    return { before, acknowledged: ledger.counts(), servedAfter }
  } finally {
    await work.stop()
    for (const service of services) await service.stop()
  }
}
