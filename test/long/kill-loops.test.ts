import { describe, it } from 'node:test'
import { killEmbedded, killPostgres, killService, type Report } from '../faults/kill-loops.ts'

const told = ({ kills, acknowledged, slowestRecovery }: Report) =>
  `${kills} kills, acknowledged ${JSON.stringify(acknowledged)}, lost 0, served again within ${slowestRecovery} ms`

// The embedded database takes seconds to start: half as many kills there.
const extent = { kills: 40, between: 100 }

describe('everything that was acknowledged is there', () => {
  it('after kill -9 of the service, with PostgreSQL', async (t) => t.diagnostic(told(await killService(extent))))
  it('after kill -9 of PostgreSQL and of its processes', async (t) => t.diagnostic(told(await killPostgres(extent))))
  it('after kill -9 of the service, with the embedded database', async (t) =>
    t.diagnostic(told(await killEmbedded({ kills: 20, between: 100 }))))
})
