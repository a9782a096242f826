import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wireProperties } from './bodies.ts'
import { configuration } from './configuration.ts'
import { kits } from './kits.ts'
import { crashers } from './property.ts'
import { routeProperties } from './routes.ts'
import { texts } from './texts.ts'
import { tokens } from './tokens.ts'

const nowhere = () => assert.fail('no service runs')
const anyCall = { path: '/', method: 'GET', body: null, schemes: [] }

test('every input that is kept is given to a property that there is, and every property has its own name', () => {
  const properties = [...texts, ...tokens, ...configuration, ...kits, ...wireProperties(nowhere)]
  const names = [...properties, ...routeProperties(nowhere, [anyCall])].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.deepEqual(
    Object.keys(crashers).filter((name) => !names.includes(name)),
    [],
  )
})
