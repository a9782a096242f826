import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { moment, timestamptz } from '../../../src/platform/postgres/timestamp.ts'

const general = pg.types.getTypeParser(timestamptz, 'text')

describe('a moment that PostgreSQL writes', () => {
  for (const text of [
    '2026-11-24 20:58:34+00',
    '2026-11-24 20:58:34.1+00',
    '2026-11-24 20:58:34.12+00',
    '2026-11-24 20:58:34.123+00',
    '2026-11-24 20:58:34.123456+00',
    '2026-11-24 21:58:34.123+01',
    '2026-11-24 15:28:34.123-05:30',
    '2024-02-29 00:00:00+00',
    '0099-01-01 00:00:00+00',
    '0001-01-01 00:00:00+00',
    '12026-11-24 20:58:34+00',
    '0044-03-15 12:00:00+00 BC',
    '0044-03-15 12:00:00.5+00 BC',
    'infinity',
    '-infinity',
  ]) {
    it(`is read as the driver reads it: ${text}`, () => assert.deepEqual(moment(text), general(text)))
  }

  it('is the one that was written, for every one that a row can have', () => {
    const written = (at: Date) =>
      at
        .toISOString()
        .replace('T', ' ')
        .replace('.000Z', '+00')
        .replace(/(\.\d*?)0*Z$/, '$1+00')
    const all = fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    fc.assert(fc.property(all, (at) => assert.equal(moment(written(at)).getTime(), at.getTime())))
  })
})
