import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

const statuses = ['met', 'not met', 'later', 'operator', 'not applicable'] as const
type Status = (typeof statuses)[number]

/** One row of a table of requirements; `level` is null on the pages whose standard has none. */
interface Row {
  readonly ids: readonly string[]
  readonly level: string | null
  readonly about: string
  readonly status: Status
  readonly reason: string
  readonly shownBy: string
}

/** The rows of the tables that begin with this head. */
function rowsUnder(page: string, head: string): string[][] {
  const rows: string[][] = []
  let inside = false
  for (const line of read(page).split('\n')) {
    if (!line.startsWith('|')) inside = false
    else if (line === head) inside = true
    else if (inside && !/^\|[-|]+$/.test(line)) rows.push(line.split('|').map((cell) => cell.trim()))
  }
  return rows.map((cells) => cells.slice(1, -1))
}

function requirements(page: string, head: string): Row[] {
  const columns = head.split('|').length - 2
  return rowsUnder(page, head).map((cells) => {
    assert.equal(cells.length, columns, `${page}: a row has ${columns} cells: ${cells.join(' | ')}`)
    const [ids = '', ...others] = cells
    const level = columns === 5 ? (others.shift() ?? null) : null
    const [about = '', how = '', shownBy = ''] = others
    const [, status, reason = ''] = /^([a-z ]+): (.+)$/.exec(how) ?? []
    assert.ok(statuses.includes(status as Status), `${page}: ${ids} has no status: ${how}`)
    return { ids: ids.split(', '), level, about, status: status as Status, reason, shownBy }
  })
}

/** The files of tests in a cell, each with the names of tests that follow it. */
const testsIn = (cell: string) =>
  [...cell.matchAll(/`(test\/[^`]+)`((?: “[^”]+”)*)/g)].map(([, path = '', names = '']) => ({
    path,
    names: [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name),
  }))

const countsHead = (first: readonly string[]) => `| ${[...first, ...statuses, 'all'].join(' | ')} |`
const countOf = (rows: readonly Row[], status?: Status) =>
  rows.reduce((sum, row) => sum + (status === undefined || row.status === status ? row.ids.length : 0), 0)
const counted = (rows: readonly Row[]) =>
  [...statuses.map((status) => countOf(rows, status)), countOf(rows)].map(String)

const leveled = '| id | level | about | how | shown by |'
const plain = '| section | about | how | shown by |'
const folder = 'docs/security'
const pages = [
  { page: `${folder}/asvs.md`, head: leveled },
  { page: `${folder}/rfc-8725.md`, head: plain },
  { page: `${folder}/rfc-9700.md`, head: plain },
  { page: `${folder}/nist-800-63b-4.md`, head: plain },
]

for (const { page, head } of pages) {
  describe(page, () => {
    const rows = requirements(page, head)

    it('has rows, each id once, and says of each what it is about and how it stands', () => {
      assert.ok(rows.length >= 12)
      const ids = rows.flatMap((row) => row.ids)
      assert.equal(new Set(ids).size, ids.length, `twice: ${ids.filter((id, at) => ids.indexOf(id) !== at)}`)
      for (const { ids, about, reason } of rows) assert.ok(about.length > 2 && reason.length > 2, String(ids))
    })

    it('shows what is met by a test, or says why it cannot be otherwise', () => {
      for (const { ids, status, shownBy } of rows) {
        if (status !== 'met') continue
        assert.ok(testsIn(shownBy).length > 0 || /by construction: .{8}/.test(shownBy), String(ids))
      }
    })

    it('names tests that exist, by the names that they have', () => {
      for (const { ids, shownBy } of rows) {
        assert.equal(shownBy.match(/test\//g)?.length ?? 0, testsIn(shownBy).length, `${ids}: ${shownBy}`)
        assert.equal(
          shownBy.match(/“/g)?.length ?? 0,
          testsIn(shownBy).flatMap(({ names }) => names).length,
          String(ids),
        )
        for (const { path, names } of testsIn(shownBy)) {
          assert.ok(existsSync(new URL(path, root)), `${ids}: there is no ${path}`)
          for (const name of names) assert.ok(hasTest(path, name), `${ids}: ${path} has no test "${name}"`)
        }
      }
    })

    it('counts them right', () => {
      const levels = head === leveled ? ['1', '2', '3'] : [null]
      const expected = levels.map((level) => {
        const some = rows.filter((row) => row.level === level)
        return level === null ? counted(some) : [level, ...counted(some)]
      })
      assert.deepEqual(rowsUnder(page, countsHead(head === leveled ? ['level'] : [])), expected)
    })
  })
}

/** Whether a file has a test of this name: the whole text of a string, whichever quotes it stands in. */
function hasTest(path: string, name: string): boolean {
  const source = read(path).replaceAll(/\(\s+/g, '(')
  return ['test', 'it', 'itInFull'].some((call) =>
    ["'", '"', '`'].some((q) => source.includes(`${call}(${q}${name}${q}`)),
  )
}

describe('the page on ASVS', () => {
  const { levels } = JSON.parse(read(`${folder}/asvs-5.0.0-ids.json`)) as { levels: Record<string, string[]> }
  const rows = requirements(`${folder}/asvs.md`, leveled)

  it('knows the 345 requirements of 5.0.0 by their levels', () => {
    assert.deepEqual(
      Object.entries(levels).map(([level, ids]) => [level, ids.length, new Set(ids).size]),
      [
        ['1', 70, 70],
        ['2', 183, 183],
        ['3', 92, 92],
      ],
    )
  })

  it('has every one of levels 1 and 2, and gives each the level that it has', () => {
    const ids = rows.flatMap((row) => row.ids)
    assert.deepEqual(
      [...(levels[1] ?? []), ...(levels[2] ?? [])].filter((id) => !ids.includes(id)),
      [],
    )
    for (const { ids, level } of rows) {
      for (const id of ids) assert.ok(levels[level ?? '']?.includes(id), `${id} is not of level ${level}`)
    }
  })
})

describe('the inventory', () => {
  const inventory = read(`${folder}/inventory.md`)
  const under = (title: string) =>
    inventory.split(/^## (.+)\n/m)[inventory.split(/^## (.+)\n/m).indexOf(title) + 1] ?? ''
  const coded = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

  it('names each table of the database, and no other', () => {
    const [, tables = ''] =
      /^export interface Tables \{\n(.+?)^\}/ms.exec(read('src/platform/postgres/tables.ts')) ?? []
    const names = [...tables.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => name)
    assert.ok(names.length >= 3)
    const documented = rowsUnder(`${folder}/inventory.md`, '| table | holds | class | how it is protected | how long |')
    assert.deepEqual(documented.flatMap(([cell = '']) => coded(cell)).toSorted(), names.toSorted())
  })

  it('names each file that imports node:crypto, and no other', () => {
    const files = globSync('src/**/*.ts', { cwd: fileURLToPath(root) })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => /from 'node:crypto'/.test(read(path)))
    assert.ok(files.length >= 3)
    const documented = coded(under('Keys')).filter((code) => code.startsWith('src/'))
    assert.deepEqual(documented.toSorted(), files.toSorted())
  })
})

// What the pages claim `by construction` of all sources, so that it stays true.
describe('the sources', () => {
  const sources = globSync('src/**/*.ts', { cwd: fileURLToPath(root) }).map((path) => path.replaceAll('\\', '/'))
  const matching = (pattern: RegExp, outside = /^$/) =>
    sources.filter((path) => !outside.test(path) && pattern.test(read(path))).toSorted()

  it('start no program but their own workers, run no text, and load nothing under a name that they make', () => {
    const running = /^import (?!type\b).*'node:(child_process|vm|cluster)'/m
    assert.deepEqual(matching(running), ['src/serve-primary.ts', 'src/serve.ts'])
    assert.deepEqual(matching(/\beval\(|\bFunction\(|\bimport\((?!['"])/), [])
  })

  it('make regular expressions of constants in three files alone', () => {
    assert.deepEqual(matching(/\bRegExp\(/), [
      'src/accounts/domain/bcrypt-hash.ts',
      'src/accounts/domain/common-forms.ts',
      'src/kernel/email-address.ts',
    ])
  })

  it('use Math.random for pauses and the numbers of messages alone', () => {
    assert.deepEqual(matching(/Math\.random/), [
      'src/client/exchange.ts',
      'src/client/tabs.ts',
      'src/platform/postgres/transact.postgres.ts',
      'src/platform/scheduler.ts',
    ])
  })

  it('connect to Have I Been Pwned, in one command to PUBLIC_URL, and by pg to PostgreSQL, and to nothing else', () => {
    const kits = /^src\/(client|verify)\//
    const outward = /\bfetch\(|from 'node:(https?|net|tls|dgram|dns)(\/promises)?'/
    // Of these, none but the first two opens a connection: the others take addresses apart, listen, and name types.
    assert.deepEqual(
      matching(outward, kits).filter(
        (path) => !/^import (type .*|.*\b(isIP|createServer)\b.*) from 'node:(http|net)'/m.test(read(path)),
      ),
      ['src/accounts/infrastructure/breached-passwords.hibp.ts', 'src/cli/doctor/public-url.ts'],
    )
    assert.deepEqual(matching(/from 'pg'/), [
      'src/platform/postgres/database.ts',
      'src/platform/postgres/hosts.ts',
      'src/platform/postgres/silence.ts',
      // For its reader of times alone.
      'src/platform/postgres/timestamp.ts',
    ])
  })

  it('insert no user but at a registration and by an import', () => {
    assert.deepEqual(matching(/insertInto\('users'\)|INSERT INTO users\b/i), [
      'src/accounts/infrastructure/account-store.postgres.ts',
      'src/transfer/infrastructure/user-table.postgres.ts',
    ])
  })
})
