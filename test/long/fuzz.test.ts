/**
 * The properties of the ordinary suite with `FUZZ_RUNS` times as many inputs (20 unless told), under a seed that is
 * printed and may be given again as `FUZZ_SEED`. Those that need a service hold on both databases.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { wireProperties } from '../fuzz/bodies.ts'
import { configuration } from '../fuzz/configuration.ts'
import { kits } from '../fuzz/kits.ts'
import { checkAll } from '../fuzz/property.ts'
import { routeProperties, Stage } from '../fuzz/routes.ts'
import { texts } from '../fuzz/texts.ts'
import { tokens } from '../fuzz/tokens.ts'
import { kinds, startService } from '../support/service.ts'

const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31))
const times = Number(process.env.FUZZ_RUNS ?? 20)
console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${times}`)

checkAll([...texts, ...tokens, ...configuration, ...kits], seed, times)

for (const kind of kinds) {
  test(`with the database ${kind}`, async (t) => {
    const service = await startService({ kind, env: { RATE_LIMIT: 'off' } })
    t.after(() => service.close())
    const stage = await Stage.open(service)
    for (const { name, check } of [...wireProperties(() => service), ...routeProperties(() => stage, stage.calls)]) {
      await t.test(name, () => check(seed, times))
    }
    for (const line of service.logLines) assert.ok(JSON.parse(line).level !== 'error', line)
  })
}
