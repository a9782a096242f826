import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'
import { wireProperties } from './bodies.ts'
import { checkAll } from './property.ts'

const known = new Set(Object.getOwnPropertyNames(Object.prototype))
const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

checkAll(wireProperties(() => service))

test('after all this every object is as it was', () => {
  assert.deepEqual(
    Object.getOwnPropertyNames(Object.prototype).filter((name) => !known.has(name)),
    [],
  )
})
