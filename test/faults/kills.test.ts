import { describe, it } from 'node:test'
import { killEmbedded, killPostgres, killService, killWorkers, type Report } from './kill-loops.ts'

// A few rounds of `test/long/kill-loops.test.ts`.
const told = ({ kills, acknowledged, slowestRecovery }: Report) =>
  `${kills} kills, acknowledged ${JSON.stringify(acknowledged)}, lost 0, served again within ${slowestRecovery} ms`

const between = 15

describe('everything that was acknowledged is there', { concurrency: true }, () => {
  it('after kill -9 of the service, with PostgreSQL', async (t) =>
    t.diagnostic(told(await killService({ kills: 2, between }))))
  it('after kill -9 of the workers of a service that has two', async (t) =>
    t.diagnostic(told(await killWorkers({ kills: 3, between }))))
  it('after kill -9 of PostgreSQL and of its processes', async (t) =>
    t.diagnostic(told(await killPostgres({ kills: 2, between }))))
  it('after kill -9 of the service, with the embedded database', async (t) =>
    t.diagnostic(told(await killEmbedded({ kills: 1, between }))))
})
