import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { acceptHash } from '../../../src/accounts/domain/accept-hash.ts'
import { parseStoredHash } from '../../../src/accounts/domain/stored-hash.ts'
import { verifyPassword } from '../../../src/accounts/infrastructure/bcrypt-hash.ts'
import { nativeBcrypt } from '../../../src/accounts/infrastructure/bcrypt-native.ts'
import { foreignDigest } from '../../../src/accounts/infrastructure/foreign-digest.crypto.ts'
import type { PlacedRecord } from '../../../src/transfer/application/ports.ts'
import { type SourceName, sources } from '../../../src/transfer/domain/sources.ts'
import { readUser } from '../../../src/transfer/domain/user-row.ts'
import { copyRecords } from '../../../src/transfer/infrastructure/copy-records.ts'
import { csvRecords } from '../../../src/transfer/infrastructure/csv-records.ts'
import { openDump } from '../../../src/transfer/infrastructure/dump-file.ts'
import { jsonRecords } from '../../../src/transfer/infrastructure/json-records.ts'
import { longestRecord } from '../../../src/transfer/infrastructure/lines.ts'
import { ndjsonRecords } from '../../../src/transfer/infrastructure/ndjson-records.ts'
import { fixedSeed } from '../../fuzz/property.ts'
import { dumps, everybodys } from '../dumps.ts'

const now = new Date('2026-11-22T12:00:00.000Z')
const firebase = {
  signerKey: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  saltSeparator: 'Bw==',
  rounds: 8,
  memCost: 14,
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function* inPieces(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length]
  for (const [index, place] of places.slice(1).entries()) yield text.slice(places[index], place)
}

describe('a dump', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-dumps-'))
    for (const [name, text] of Object.entries(dumps)) await writeFile(join(folder, name), text)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const expected: readonly [file: keyof typeof dumps, from: SourceName, lines: readonly string[]][] = [
    [
      'supabase.sql',
      'supabase',
      [
        '8 ann@example.com 2024-05-01T10:20:30.123Z bcrypt',
        '9 none',
        '10 link@example.com 2024-05-02T10:20:30.000Z no password',
        '11 banned@example.com 2024-05-03T10:20:30.000Z disabled bcrypt',
        '12 back@example.com 2024-05-03T10:20:30.000Z bcrypt',
        '13 malformed_line',
      ],
    ],
    [
      'supabase.csv',
      'supabase',
      [
        '2 ann@example.com 2024-05-01T10:20:30.123Z bcrypt',
        '3 banned@example.com 2024-05-03T10:20:30.000Z disabled bcrypt',
        '4 back@example.com 2024-05-03T10:20:30.000Z bcrypt',
        '5 ever@example.com 2024-05-03T10:20:30.000Z disabled bcrypt',
      ],
    ],
    [
      'keycloak.json',
      'keycloak',
      [
        '13 ann@example.com 2024-05-01T10:20:30.123Z pbkdf2-sha512',
        '32 bob@example.com 2024-05-01T10:20:30.123Z disabled argon2id',
        '44 old@example.com 2026-11-22T12:00:00.000Z foreign_scheme',
        '54 invalid_email',
      ],
    ],
    [
      'firebase.json',
      'firebase',
      [
        '1 ann@example.com 2017-10-25T01:12:05.000Z firebase-scrypt',
        '1 google@example.com 2017-10-25T01:12:05.000Z no password',
        '1 banned@example.com 2017-10-25T01:12:05.000Z disabled no password',
      ],
    ],
    [
      'firebase.csv',
      'firebase',
      [
        '1 ann@example.com 2017-10-25T01:12:05.000Z firebase-scrypt',
        '2 banned@example.com 2017-10-25T01:12:05.000Z disabled no password',
      ],
    ],
    [
      'better-auth.csv',
      'better-auth',
      [
        '2 ann@example.com 2024-05-01T10:20:30.123Z scrypt-nfkc',
        '3 github@example.com 2024-05-01T10:20:30.123Z no password',
        '4 banned@example.com 2024-05-01T10:20:30.123Z disabled no password',
        '5 until@example.com 2024-05-01T10:20:30.123Z disabled no password',
        '6 back@example.com 2024-05-01T10:20:30.123Z no password',
        '7 pardoned@example.com 2024-05-01T10:20:30.123Z no password',
      ],
    ],
    [
      'auth0.ndjson',
      'auth0',
      [
        '1 ann@example.com 2026-11-22T12:00:00.000Z bcrypt',
        '2 bob@example.com 2026-11-22T12:00:00.000Z argon2id',
        '3 banned@example.com 2026-11-22T12:00:00.000Z disabled bcrypt',
      ],
    ],
    [
      'python.sql',
      'python',
      [
        '2 ann@example.com 2026-11-22T12:00:00.000Z bcrypt',
        '3 bob@example.com 2026-11-22T12:00:00.000Z bcrypt',
        '4 banned@example.com 2026-11-22T12:00:00.000Z disabled bcrypt',
      ],
    ],
    [
      'plain.csv',
      'csv',
      [
        '2 ann@example.com 2024-05-01T10:20:30.000Z bcrypt',
        '3 bob@example.com 2026-11-22T12:00:00.000Z disabled no password',
        '4 malformed_line',
      ],
    ],
  ]

  for (const [file, from, lines] of expected) {
    it(`of ${from} is read line by line: ${file}`, async () => {
      const dump = await openDump(join(folder, file), sources[from])
      assert.deepEqual(
        (await all(dump.records)).map((placed) => described(placed, from)),
        lines,
      )
      assert.equal(dump.bytesRead(), dump.size)
    })
  }

  it('has the columns of the statement that the documentation has people copy', async () => {
    const page = await readFile(new URL('../../../docs/import-export.md', import.meta.url), 'utf8')
    const columns = [...page.matchAll(/COPY \(SELECT (.+?)\s+FROM /gs)].map(([, list = '']) =>
      list.split(/,\s+/).map((column) => column.replaceAll(/^\w\.|[\\"]/g, '')),
    )
    const headOf = (dump: string) => dump.split('\n')[0]?.replaceAll('"', '').split(',')
    assert.deepEqual(columns, [headOf(dumps['supabase.csv']), headOf(dumps['better-auth.csv'])])
  })

  it('bears hashes that the passwords of its people match', async () => {
    let checked = 0
    for (const [file, from] of expected) {
      for (const { record } of await all((await openDump(join(folder, file), sources[from])).records)) {
        const given = record && sources[from].read(record, { firebase })
        if (given?.email !== 'ann@example.com' || given.passwordHash === null) continue
        const password = from === 'firebase' ? 'user1password' : everybodys
        const verdict = acceptHash(12)(given.passwordHash)
        assert.ok(verdict.kind === 'accepted')
        const hash = parseStoredHash(verdict.stored)
        assert.ok(typeof hash !== 'string')
        checked++
        if (hash.kind === 'bcrypt') assert.ok(verifyPassword(nativeBcrypt, password, verdict.stored, 4).matches)
        else assert.deepEqual(foreignDigest(hash, password), hash.digest, file)
      }
    }
    assert.equal(checked, expected.length)
  })

  it('of another form than its source has is refused in a sentence', async () => {
    await assert.rejects(openDump(join(folder, 'plain.csv'), sources.keycloak), /json or ndjson, not csv/)
    await assert.rejects(openDump(join(folder, 'missing.csv'), sources.csv), /ENOENT/)
  })

  function described({ line, record }: PlacedRecord, from: SourceName): string {
    if (record === null) return `${line} malformed_line`
    const given = sources[from].read(record, { firebase })
    if (given === null) return `${line} none`
    const user = readUser(line, given, { keepIds: false, now })
    if (typeof user === 'string') return `${line} ${user}`
    const verdict = user.passwordHash === null ? null : acceptHash(12)(user.passwordHash)
    const hash = verdict === null ? 'no password' : verdict.kind === 'accepted' ? verdict.scheme : verdict.because
    return [line, user.email, user.createdAt.toISOString(), ...(user.disabledAt ? ['disabled'] : []), hash].join(' ')
  }
})

describe('a reader', () => {
  const readers = {
    csv: [dumps['plain.csv'], (pieces: AsyncIterable<string>) => csvRecords(pieces)],
    ndjson: [dumps['auth0.ndjson'], ndjsonRecords],
    json: [dumps['keycloak.json'], jsonRecords],
    copy: [dumps['supabase.sql'], (pieces: AsyncIterable<string>) => copyRecords(pieces, ['auth.users'])],
  } as const
  for (const [name, [text, read]] of Object.entries(readers)) {
    it(`finds the same records wherever the pieces of its file end: ${name}`, async () => {
      const whole = await all(read(inPieces(text, [])))
      assert.ok(whole.length > 1)
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(5000), { maxLength: 20 }), async (cuts) => {
          assert.deepEqual(await all(read(inPieces(text, cuts))), whole)
        }),
        { seed: fixedSeed, numRuns: 60 },
      )
    })

    it(`reads anything without an error of its own: ${name}`, async () => {
      const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:\\\n\r\t ausers1é'), maxLength: 200 })
      await fc.assert(
        fc.asyncProperty(noise, async (text) => {
          for (const { line } of await all(read(inPieces(text, [50])))) assert.ok(line >= 0)
        }),
        { seed: fixedSeed, numRuns: 300 },
      )
    })
  }

  it('passes over a line that is longer than any record, and goes on behind it', async () => {
    const pieces = async function* () {
      yield '{"email":"a@example.com"}\n'
      for (let piece = 0; piece < 40; piece++) yield 'x'.repeat(longestRecord / 16)
      yield '\n{"email":"b@example.com"}'
    }
    assert.deepEqual(await all(ndjsonRecords(pieces())), [
      { line: 1, record: { email: 'a@example.com' } },
      { line: 2, record: null },
      { line: 3, record: { email: 'b@example.com' } },
    ])
  })

  it('says where a JSON document ends too early', async () => {
    const found = await all(jsonRecords(inPieces('{"users":[{"email":"a@example.com"},{"email"', [])))
    assert.deepEqual(found, [
      { line: 1, record: { email: 'a@example.com' } },
      { line: 1, record: null },
    ])
  })
})
