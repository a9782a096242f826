import { urlOfEachHost } from '../../kernel/database-url.ts'
import type { MigrationState } from '../../platform/postgres/migrator.ts'
import { isLoopback } from './configuration.ts'
import type { DatabaseFacts } from './database-facts.ts'
import { type Finding, found, ok } from './finding.ts'

/** The oldest that still gets corrections, and the oldest that has all that the statements use. */
const versions = { kept: 15, needed: 13 }
/** In milliseconds. */
const latencies = { slow: 5, tooSlow: 50 }
const differences = { much: 1_000, tooMuch: 30_000 }
/** In transactions; at 2^31 the server stops. */
const frozenAges = { old: 1_000_000_000, tooOld: 1_800_000_000 }
/** Dead rows of a table: so many, and such a part of all. */
const bloat = { rows: 10_000, share: 0.3 }
const spareConnections = 20

/** @param url that of PostgreSQL; null for the embedded database, which nobody can set up wrongly. */
export function judgeDatabase(facts: DatabaseFacts, url: string | null): Finding[] {
  const server = url === null ? [] : [...judgeServer(facts), ...judgeSafety(facts), ...judgeTls(facts, url)]
  return [...server, ...(url === null ? [] : judgeRole(facts)), ...judgeTime(facts), ...judgeRoom(facts)]
}

function judgeServer({ version, versionText, settings, connections, encoding, isStandby }: DatabaseFacts): Finding[] {
  const findings: Finding[] = []
  const major = Math.floor(version / 10_000)
  const upgrade = 'pg_upgrade to a newer major version'
  if (major < versions.needed) {
    findings.push(
      found(
        'error',
        'database.version',
        `PostgreSQL ${versionText}.`,
        'Statements of the service fail on it.',
        upgrade,
      ),
    )
  } else if (major < versions.kept) {
    const why = 'It gets no corrections any more, those of security included.'
    findings.push(found('warning', 'database.version', `PostgreSQL ${versionText}.`, why, upgrade))
  } else findings.push(ok('database.version', `PostgreSQL ${versionText}.`))

  if (encoding !== 'UTF8') {
    const why = 'Text that people send can not be stored.'
    findings.push(found('error', 'database.encoding', `Its encoding is ${encoding}.`, why, 'createdb --encoding=UTF8'))
  }
  if (isStandby || settings.default_transaction_read_only === 'on') {
    const why = 'Nobody can log in: each login writes.'
    const mend = 'DATABASE_URL=that of the primary, or with target_session_attrs=read-write'
    findings.push(found('error', 'database.read-only', 'The database takes no writes.', why, mend))
  }
  const most = Number(settings.max_connections)
  if (most - connections < spareConnections) {
    const what = `${connections} of ${most} connections are taken.`
    const why = 'Each process of the service takes up to 10, and one that gets none refuses its callers.'
    findings.push(
      found('warning', 'database.connections', what, why, 'ALTER SYSTEM SET max_connections = 200; and restart'),
    )
  }
  for (const name of ['idle_session_timeout', 'transaction_timeout']) {
    if (Number(settings[name] ?? 0) === 0) continue
    const what = `${name} is ${settings[name]} ms.`
    const why = 'It cuts connections that the service keeps, and bounds by itself.'
    findings.push(found('warning', 'database.timeouts', what, why, `ALTER ROLE CURRENT_USER SET ${name} = 0;`))
  }
  return findings
}

/** What keeps an acknowledged write after a crash. */
function judgeSafety({ settings }: DatabaseFacts): Finding[] {
  const off = ['fsync', 'full_page_writes', 'synchronous_commit'].filter((name) => settings[name] === 'off')
  const findings = off.map((name) =>
    found(
      'error',
      'database.durability',
      `${name} is off.`,
      'After a crash what was acknowledged may be gone: a revoked session lives again.',
      `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
    ),
  )
  if (settings.autovacuum === 'off') {
    const why = 'Dead rows are never taken away, and one day the server stops.'
    const mend = 'ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();'
    findings.push(found('error', 'database.autovacuum', 'autovacuum is off.', why, mend))
  }
  return findings.length > 0 ? findings : [ok('database.durability', 'What is acknowledged is on the disk.')]
}

function judgeTls({ encrypted }: DatabaseFacts, url: string): Finding[] {
  const hosts = urlOfEachHost(url) ?? []
  const away = hosts.find(({ hostname }) => hostname !== '' && !isLoopback(hostname))
  if (!away) return [ok('database.tls', 'The database is on this machine.')]
  const mend = 'DATABASE_URL=…?sslmode=verify-full&sslrootcert=/path/to/ca.pem'
  if (!encrypted) {
    const why = 'Hashes of passwords cross the network for everybody to read, unless it is one that nobody else is on.'
    return [found('warning', 'database.tls', `The connection to ${away.hostname} is not encrypted.`, why, mend)]
  }
  if (/^verify-/.test(away.searchParams.get('sslmode') ?? ''))
    return [ok('database.tls', 'The connection is encrypted.')]
  const why = 'Whoever is on the way can pose as the database.'
  return [found('warning', 'database.tls', "The database's certificate is not checked.", why, mend)]
}

function judgeRole({ role, isSuperuser, mayCreate, locked }: DatabaseFacts): Finding[] {
  const findings: Finding[] = []
  if (isSuperuser) {
    const why = "Whoever breaks into the service has all of the server's databases, and its machine."
    const mend = 'CREATE ROLE latchkey LOGIN; ALTER DATABASE latchkey OWNER TO latchkey; REASSIGN OWNED BY …'
    findings.push(found('warning', 'database.role', `The role ${role} is a superuser.`, why, mend))
  }
  if (!mayCreate) {
    const why = 'Migrations of a later version can not run.'
    const mend = `GRANT CREATE ON SCHEMA public TO ${role}; or run "latchkey migrate" as the owner`
    findings.push(found('warning', 'database.role', `The role ${role} may create no tables.`, why, mend))
  }
  if (locked.length > 0) {
    const what = `The role ${role} lacks ${locked.join('; ')}.`
    findings.push(found('error', 'database.role', what, 'Calls and commands that need them fail.', grantsTo(role)))
  }
  return findings.length > 0 ? findings : [ok('database.role', `The role ${role} has the rights that it needs.`)]
}

/** The statements that give a role what it needs. */
export const grantsTo = (role: string): string =>
  `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}; ` +
  `GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO ${role};`

function judgeTime({ latency, ahead }: DatabaseFacts): Finding[] {
  const findings: Finding[] = []
  const trip = `A round trip to the database takes ${latency.toFixed(1)} ms.`
  if (latency > latencies.slow) {
    const severity = latency > latencies.tooSlow ? 'error' : 'warning'
    const why = 'A refresh is one of them, a login is several.'
    findings.push(found(severity, 'database.latency', trip, why, 'move the service into the network of its database'))
  } else findings.push(ok('database.latency', trip))

  const difference = `The database's clock is ${Math.abs(ahead / 1000).toFixed(2)} s ${ahead < 0 ? 'behind' : 'ahead'}.`
  if (Math.abs(ahead) > differences.much) {
    const severity = Math.abs(ahead) > differences.tooMuch ? 'error' : 'warning'
    const why = "Tokens bear the database's time: who verifies them by another one refuses them."
    findings.push(found(severity, 'clock', difference, why, 'timedatectl set-ntp true, on both machines'))
  } else findings.push(ok('clock', difference))
  return findings
}

function judgeRoom({ tables, frozenAge, size }: DatabaseFacts): Finding[] {
  const findings = tables
    .filter(({ live, dead }) => dead > bloat.rows && dead > (live + dead) * bloat.share)
    .map(({ name, live, dead }) => {
      const what = `Of the rows in ${name}, ${dead} are dead and ${live} live.`
      const why = 'Each query reads over them.'
      return found('warning', 'database.bloat', what, why, `VACUUM (ANALYZE) ${name};`)
    })
  if (frozenAge > frozenAges.old) {
    const severity = frozenAge > frozenAges.tooOld ? 'error' : 'warning'
    const why = 'At 2147 million transactions the server takes no more writes.'
    const what = `The oldest row is ${Math.round(frozenAge / 1e6)} million transactions old.`
    findings.push(
      found(severity, 'database.wraparound', what, why, 'VACUUM FREEZE; and end transactions that are open for days'),
    )
  }
  if (findings.length > 0) return findings
  return [ok('database.bloat', `${(size / 1024 ** 2).toFixed(0)} MB, of which little is dead.`)]
}

export function judgeMigrations(states: readonly MigrationState[]): Finding[] {
  const named = (state: MigrationState['state']) => states.filter((one) => one.state === state).map(({ name }) => name)
  const [pending, changed, unknown] = [named('pending'), named('changed'), named('unknown')]
  if (unknown.length > 0) {
    const why = 'A newer version made the tables: this one does not start on them.'
    return [found('error', 'database.migrations', `Unknown here: ${unknown.join(', ')}.`, why, 'install that version')]
  }
  if (changed.length > 0) {
    const what = `Changed since they ran: ${changed.join(', ')}.`
    const why = 'Nobody knows what the tables hold: the service does not start.'
    return [found('error', 'database.migrations', what, why, 'install the version that ran them')]
  }
  if (pending.length === 0) return [ok('database.migrations', 'The tables are those of this version.')]
  if (pending.length === states.length) {
    const what = 'The database has no tables yet.'
    return [found('note', 'database.migrations', what, 'The first start makes them.', 'latchkey migrate')]
  }
  const why = 'Commands refuse to work on older tables. The service brings them up to date at its start.'
  return [found('warning', 'database.migrations', `Still to run: ${pending.join(', ')}.`, why, 'latchkey migrate')]
}
