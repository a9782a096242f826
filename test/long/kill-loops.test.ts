import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { killEmbedded, killPostgres, killService, type Report } from '../faults/kill-loops.ts'

function tell(t: TestContext, { kills, acknowledged, slowestRecovery }: Report): void {
  t.diagnostic(
    `${kills} kills, acknowledged ${JSON.stringify(acknowledged)}, lost 0, served again within ${slowestRecovery} ms`,
  )
  assert.ok(slowestRecovery < 2_000, `served again after ${slowestRecovery} ms`)
}

// The embedded database takes seconds to start: half as many kills there.
const extent = { kills: 40, between: 100 }

describe('everything that was acknowledged is there', () => {
  it('after kill -9 of the service, with PostgreSQL', async (t) => tell(t, await killService(extent)))
  it('after kill -9 of PostgreSQL and of its processes', async (t) => tell(t, await killPostgres(extent)))
  it('after kill -9 of the service, with the embedded database', async (t) =>
    tell(t, await killEmbedded({ kills: 20, between: 100 })))
})
