import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CpuProfile, readFrames, selfByArea, totalOf } from '../../bench/report/cpu-profile.ts'
import { flameGraph } from '../../bench/report/flame-graph.ts'

const node = (id: number, functionName: string, url: string, ...children: number[]) => ({
  id,
  callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 },
  children,
})
/** A request in a route that signs and asks PostgreSQL, and a thread that waits or collects garbage. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', 2, 3, 4, 5),
    node(2, '(idle)', ''),
    node(3, '(program)', ''),
    node(4, '(garbage collector)', ''),
    node(5, 'onRequest', 'node:_http_server', 6),
    node(6, 'handler', '/src/sessions/infrastructure/auth-routes.ts', 7, 9),
    node(7, 'sign', 'node:internal/crypto/sig', 8),
    node(8, 'signOneShot', ''),
    node(9, 'a<b', '/node_modules/pg/lib/client.js'),
  ],
  startTime: 1_000,
  samples: [5, 6, 8, 8, 9, 4, 3, 2, 6],
  timeDeltas: [0, 10, 20, 30, 40, 50, 60, 70, 80],
}
const frames = readFrames(profile, { from: 0, until: Number.POSITIVE_INFINITY }, ({ url }) => url)

describe('a profile of the processor', () => {
  it('gives each function the time until the next sample, a native one to the area of its caller', () => {
    assert.deepEqual(Object.fromEntries(selfByArea(frames)), {
      'HTTP and sockets': 10,
      'our infrastructure': 20,
      crypto: 30 + 40,
      'pg and Kysely': 50,
      'garbage collection': 60,
      'outside of JavaScript: the kernel, sockets, libuv': 70,
    })
  })

  it('leaves out the time in which there was nothing to do', () => {
    assert.equal(totalOf(frames), 10 + 20 + 30 + 40 + 50 + 60 + 70)
  })

  it('is of the stretch that is asked for', () => {
    const part = readFrames(profile, { from: 1_030, until: 1_100 }, ({ url }) => url)
    assert.deepEqual(Object.fromEntries(selfByArea(part)), { crypto: 70 })
  })

  it('is drawn with a box for each function that is wide enough, with its share', () => {
    const svg = flameGraph('me', frames)
    assert.match(svg, /<title>signOneShot, crypto: 25\.0 %<\/title>/)
    assert.match(svg, /a&lt;b, pg and Kysely: 17\.9 %/)
    assert.ok(!/NaN|undefined/.test(svg))
    assert.ok(!svg.includes('(idle)'))
  })
})
