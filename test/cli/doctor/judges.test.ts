import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { distance, judgeConfiguration, lookAtConfiguration } from '../../../src/cli/doctor/configuration.ts'
import { judgeDatabase, judgeMigrations } from '../../../src/cli/doctor/database.ts'
import type { DatabaseFacts } from '../../../src/cli/doctor/database-facts.ts'
import { type Finding, worstOf } from '../../../src/cli/doctor/finding.ts'
import { judgeHashing, suggestedCost } from '../../../src/cli/doctor/hashing.ts'
import { judgeKeys } from '../../../src/cli/doctor/keys.ts'
import { judgeDisk, judgeNode, judgeOpenFiles, judgeRights } from '../../../src/cli/doctor/machine.ts'
import { judgeAddress, judgeClock, judgeIssuer, judgeKeySet } from '../../../src/cli/doctor/public-url.ts'
import { judgeDatabasePassword, judgeKey, judgeMode } from '../../../src/cli/doctor/secrets.ts'
import { parseConfig } from '../../../src/config.ts'

/** What is not well, in short; each says why, and the line that mends it. */
function faults(findings: readonly Finding[]): string[] {
  const bad = findings.filter(({ severity }) => severity !== 'ok')
  for (const { what, why, mend } of bad) assert.ok(what && why && mend, what)
  return bad.map(({ severity, check }) => `${severity} ${check}`)
}
const mends = (findings: readonly Finding[]) => findings.flatMap(({ mend }) => mend ?? [])

describe('the doctor on the configuration', () => {
  const config = (env: Record<string, string>) => faults(judgeConfiguration(parseConfig(env)))
  const behind = { PUBLIC_URL: 'https://auth.example.com', TRUSTED_PROXIES: '10.0.0.1' }

  it('finds nothing wrong with a local start, and with a service behind a proxy that it knows', () => {
    assert.deepEqual(config({}), [])
    assert.deepEqual(config(behind), [])
    assert.equal(worstOf(lookAtConfiguration({}).findings), 'ok')
  })

  it('finds what is allowed and seldom meant', () => {
    assert.deepEqual(config({ PUBLIC_URL: 'https://auth.example.com' }), ['warning configuration.trusted-proxies'])
    assert.deepEqual(config({ ...behind, PUBLIC_URL: 'http://auth.example.com' }), ['error configuration.public-url'])
    assert.deepEqual(config({ RATE_LIMIT: 'off' }), ['error configuration.rate-limit'])
    assert.deepEqual(config({ LOG_LEVEL: 'warn' }), ['note configuration.log-level'])
    assert.deepEqual(config({ CORS_ORIGINS: 'http://localhost:3000,http://app.example.com' }), [
      'warning configuration.cors-origins',
    ])
    assert.deepEqual(config({ SECRET_KEY_PREVIOUS: 'tY9uB2xWq7LmZ4vKc8RfN1sHd6GpJ3eA' }), [
      'note configuration.secret-key-previous',
    ])
  })

  it('names every variable that is wrong or misspelt, and repeats no value', () => {
    const { config, findings } = lookAtConfiguration({ PORT: 'hunter2', BCRYPT_COSTS: '12', HOME: '/root' })
    assert.equal(config, null)
    assert.deepEqual(faults(findings), ['error configuration', 'warning configuration.misspelt'])
    assert.deepEqual(mends(findings), ['PORT=…', 'BCRYPT_COST=…'])
    assert.ok(!JSON.stringify(findings).includes('hunter2'))
  })

  it('names what stops the start of OpenTelemetry’s variables, and goes on', () => {
    const { config, findings } = lookAtConfiguration({
      ...{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', BCRYPT_COSTS: '12' },
    })
    assert.ok(config)
    assert.deepEqual(faults(findings), ['warning configuration.misspelt', 'error configuration'])
    assert.equal(mends(findings)[1], 'OTEL_EXPORTER_OTLP_PROTOCOL=…')
  })

  it('counts the letters between two words', () => {
    assert.deepEqual([distance('PORT', 'PORT'), distance('PROT', 'PORT'), distance('', 'abc')], [0, 2, 3])
  })
})

describe('the doctor on secrets', () => {
  it('counts what a key can hold at most', () => {
    assert.deepEqual(faults(judgeKey('Vn3lq0Xo5s8Jw1bTz7RkE2uYc9Hd4GmA')), [])
    assert.deepEqual(faults(judgeKey('abababababababababababababababcd')), ['error secrets.secret-key'])
  })

  it('wants a password for a database elsewhere that nobody guesses', () => {
    assert.deepEqual(faults(judgeDatabasePassword('postgres://u:short@db.example.com/x')), [
      'warning secrets.database-password',
    ])
    for (const url of ['postgres://u:short@127.0.0.1/x', 'postgres://u@db/x', 'postgres://u:long-enough-it-is@db/x'])
      assert.deepEqual(faults(judgeDatabasePassword(url)), [])
  })

  it('says which mode of a file gives it away, and the line that mends it', () => {
    assert.deepEqual(faults(judgeMode('/data/secret.key', 0o600, 0o600)), [])
    assert.deepEqual(faults(judgeMode('/data/secret.key', 0o400, 0o600)), [])
    const open = judgeMode('/data/secret.key', 0o644, 0o600, 'linux')
    assert.deepEqual(faults(open), ['error secrets.file'])
    assert.deepEqual(mends(open), ['chmod 0600 /data/secret.key'])
    assert.deepEqual(faults(judgeMode('C:\\data', 0o666, 0o600, 'win32')), [])
  })
})

describe('the doctor on the machine', () => {
  it('knows the Node that it is tested with', () => {
    assert.deepEqual(faults(judgeNode('24.21.0')), [])
    assert.deepEqual(faults(judgeNode('20.20.2')), ['error node'])
    assert.deepEqual(faults(judgeNode('26.0.0')), ['note node'])
  })

  it('warns of root, of few files, and of a full disk', () => {
    assert.deepEqual(
      [...faults(judgeRights(0)), ...faults(judgeRights(1000)), ...faults(judgeRights(null))],
      ['warning rights'],
    )
    assert.deepEqual([...faults(judgeOpenFiles(1024)), ...faults(judgeOpenFiles(4096))], ['warning open-files'])
    const gigabyte = 1024 ** 3
    const disk = (free: number, size: number) =>
      faults(judgeDisk('/data', { free: free * gigabyte, size: size * gigabyte }))
    assert.deepEqual(disk(50, 100), [])
    assert.deepEqual(disk(4, 100), ['warning disk'])
    assert.deepEqual(disk(0.5, 2), ['warning disk'])
    assert.deepEqual(disk(0.1, 2), ['error disk'])
    assert.deepEqual(judgeDisk('/data', null), [])
  })

  it('suggests the cost whose hashes take nearest to 250 ms', () => {
    const takes: [atLowest: number, cost: number][] = [
      [62.5, 12],
      [31.25, 13],
      [88, 12],
      [89, 11],
      [250, 10],
      [5000, 10],
      [1, 15],
    ]
    for (const [atLowest, cost] of takes) assert.equal(suggestedCost(atLowest), cost, String(atLowest))
  })

  it('warns of a cost that is too dear or too cheap here, and of one that no deadline allows', () => {
    const judge = (atLowest: number, bcryptCost: number, hashDeadline = 5) =>
      judgeHashing(atLowest, { bcryptCost, hashDeadline })
    assert.deepEqual(faults(judge(62, 12)), [])
    assert.deepEqual(faults(judge(62, 11)), ['note hashing'])
    assert.deepEqual(faults(judge(62, 15)), ['warning hashing'])
    assert.deepEqual(faults(judge(50, 10)), ['warning hashing'])
    assert.deepEqual(faults(judge(62, 15, 1)), ['error hashing'])
    assert.deepEqual(mends(judge(62, 15)), ['BCRYPT_COST=12'])
  })
})

describe('the doctor on the database', () => {
  const sound: DatabaseFacts = {
    ...{ version: 180_004, versionText: '18.4', latency: 0.4, ahead: 3, encrypted: true, encoding: 'UTF8' },
    ...{ isStandby: false, role: 'latchkey', isSuperuser: false, mayCreate: true, locked: [], connections: 12 },
    ...{ frozenAge: 1000, size: 1e7, tables: [{ name: 'users', live: 100_000, dead: 9_000 }] },
    settings: {
      ...{ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', autovacuum: 'on' },
      ...{ default_transaction_read_only: 'off', max_connections: '100', idle_session_timeout: '0' },
    },
  }
  const elsewhere = 'postgres://latchkey@db.example.com/latchkey?sslmode=verify-full'
  const judge = (change: Partial<DatabaseFacts>, url: string | null = elsewhere) =>
    faults(judgeDatabase({ ...sound, ...change }, url))
  const set = (name: string, value: string) => ({ settings: { ...sound.settings, [name]: value } })

  it('finds nothing wrong where nothing is', () => {
    assert.deepEqual(judge({}), [])
    assert.deepEqual(judge({ encrypted: false }, 'postgres://latchkey@localhost/latchkey'), [])
  })

  const cases: [what: string, change: Partial<DatabaseFacts>, fault: string][] = [
    ['a version that lacks what is used', { version: 120_018 }, 'error database.version'],
    ['a version that gets no corrections', { version: 140_020 }, 'warning database.version'],
    ['another encoding', { encoding: 'SQL_ASCII' }, 'error database.encoding'],
    ['a standby', { isStandby: true }, 'error database.read-only'],
    [
      'a database that is set to take no writes',
      set('default_transaction_read_only', 'on'),
      'error database.read-only',
    ],
    ['few connections left', { connections: 90 }, 'warning database.connections'],
    ['a timeout that cuts the pool’s connections', set('idle_session_timeout', '60000'), 'warning database.timeouts'],
    ['writes that a crash undoes', set('synchronous_commit', 'off'), 'error database.durability'],
    ['no autovacuum', set('autovacuum', 'off'), 'error database.autovacuum'],
    ['a connection in the clear', { encrypted: false }, 'warning database.tls'],
    ['a superuser', { isSuperuser: true }, 'warning database.role'],
    ['a role that can not migrate', { mayCreate: false }, 'warning database.role'],
    ['a role that can not write', { locked: ['UPDATE on users'] }, 'error database.role'],
    ['a long way', { latency: 8 }, 'warning database.latency'],
    ['a very long way', { latency: 80 }, 'error database.latency'],
    ['a clock that differs', { ahead: -2_000 }, 'warning clock'],
    ['a clock that is wrong', { ahead: 60_000 }, 'error clock'],
    ['dead rows', { tables: [{ name: 'sessions', live: 20_000, dead: 40_000 }] }, 'warning database.bloat'],
    ['old transactions', { frozenAge: 1_500_000_000 }, 'warning database.wraparound'],
    ['very old transactions', { frozenAge: 1_900_000_000 }, 'error database.wraparound'],
  ]
  for (const [what, change, fault] of cases) {
    it(`finds ${what}`, () => assert.deepEqual(judge(change), [fault]))
  }

  it('wants the certificate of a database elsewhere checked', () => {
    assert.deepEqual(judge({}, 'postgres://latchkey@db.example.com/latchkey?sslmode=require'), ['warning database.tls'])
  })

  it('asks of the embedded database only what somebody can change', () => {
    assert.deepEqual(judge({ ...set('fsync', 'off'), isSuperuser: true, encrypted: false }, null), [])
  })

  it('tells tables that are older, newer or other than this version’s', () => {
    const states = (...states: ('applied' | 'pending' | 'changed' | 'unknown')[]) =>
      faults(judgeMigrations(states.map((state, index) => ({ name: `000${index}`, ranAt: null, state }))))
    assert.deepEqual(states('applied', 'applied'), [])
    assert.deepEqual(states('applied', 'pending'), ['warning database.migrations'])
    assert.deepEqual(states('pending', 'pending'), ['note database.migrations'])
    assert.deepEqual(states('changed', 'pending'), ['error database.migrations'])
    assert.deepEqual(states('applied', 'unknown'), ['error database.migrations'])
  })

  it('tells keys that nobody tends', () => {
    const now = new Date('2026-11-22T12:00:00Z')
    const key = (phase: 'next' | 'active' | 'retired', days: number) => ({
      ...{ kid: phase, phase, activatesAt: new Date(now.getTime() - days * 86_400_000) },
    })
    const judge = (...keys: ReturnType<typeof key>[]) => faults(judgeKeys(keys, now, 30 * 86_400))
    assert.deepEqual(judge(), [])
    assert.deepEqual(judge(key('active', 29), key('retired', 40)), [])
    assert.deepEqual(judge(key('active', 31), key('next', -1)), [])
    assert.deepEqual(judge(key('active', 31)), ['warning keys'])
    assert.deepEqual(judge(key('retired', 31)), ['error keys'])
  })
})

describe('the doctor on what callers see', () => {
  const url = 'https://auth.example.com'
  const own = ['127.0.0.1', '::1', '10.0.0.5']
  const seen = (plain: string | null, claimed = plain, at = url) => faults(judgeAddress(at, { plain, claimed, own }))

  it('wants the issuer to be the address, byte by byte', () => {
    assert.deepEqual(faults(judgeIssuer(url, 200, { issuer: url })), [])
    for (const metadata of [{ issuer: `${url}/` }, {}, null, 'x'])
      assert.deepEqual(faults(judgeIssuer(url, 200, metadata)), ['error public-url'])
    assert.deepEqual(faults(judgeIssuer(url, 404, { issuer: url })), ['error public-url'])
  })

  it('wants the keys there to be those of the database', () => {
    assert.deepEqual(faults(judgeKeySet(['a', 'b'], ['a'])), [])
    assert.deepEqual(faults(judgeKeySet(['b'], ['a'])), ['error public-url.keys'])
  })

  it('wants clocks that agree', () => {
    const now = new Date('2026-11-22T12:00:00Z')
    for (const [date, fault] of [
      ['Sun, 22 Nov 2026 12:00:04 GMT', []],
      [null, []],
      ['nonsense', []],
      ['Sun, 22 Nov 2026 12:00:10 GMT', ['warning clock']],
    ] as const)
      assert.deepEqual(faults(judgeClock(date, now)), fault)
  })

  it('finds addresses that anybody can claim, and proxies that nobody trusts', () => {
    assert.deepEqual(seen('10.0.0.5'), [])
    assert.deepEqual(seen('127.0.0.1', '127.0.0.1', 'http://localhost:1602'), [])
    assert.deepEqual(seen('10.0.0.5', '192.0.2.99'), ['error proxies'])
    assert.deepEqual(seen('127.0.0.1'), ['warning proxies'])
    assert.deepEqual(seen('172.18.0.1'), ['warning proxies'])
    assert.deepEqual(seen('198.51.100.7'), ['note proxies'])
    assert.deepEqual(seen(null), ['note proxies'])
  })
})
