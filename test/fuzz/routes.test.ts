import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'
import { checkAll } from './property.ts'
import { nameOf } from './requests.ts'
import { routeProperties, Stage } from './routes.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const stage = await Stage.open(service)

checkAll(routeProperties(() => stage, stage.calls))

test('each call was made with success too, so what is refused is refused for a reason', () => {
  const never = stage.calls.map(nameOf).filter((name) => !stage.served.has(name))
  assert.deepEqual(never, [])
})
