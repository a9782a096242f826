import type { AcceptHash } from '../../accounts/index.ts'
import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Transact, Transaction } from '../../kernel/transact.ts'
import { type Settled, settleBatch } from '../domain/settle-batch.ts'
import type { Source, SourceOptions } from '../domain/sources.ts'
import { type LineRefusal, type NewUser, readUser } from '../domain/user-row.ts'
import type { PlacedRecord, UserTable } from './ports.ts'

interface Deps {
  readonly users: UserTable
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly acceptHash: AcceptHash
}

export interface ImportOptions extends SourceOptions {
  /** For the record of what happened; never a path. */
  readonly name: string
  readonly keepIds: boolean
  readonly dryRun: boolean
  /** Who has it done; null where nobody says. */
  readonly operator: Caller | null
}

export interface ImportCounts {
  read: number
  imported: number
  /** Were there already, as the very same: by an earlier run of the same file. */
  alreadyThere: number
  /** No people, such as an export's header. */
  passedOver: number
  withoutPassword: number
  refused: Partial<Record<LineRefusal, number>>
  /** Of those whose hash was accepted. */
  schemes: Record<string, number>
  /** Hashes whose check takes longer than a hash of today's cost. */
  dearer: number
  /** The most that one check takes, in bytes. */
  memory: number
}

export interface ImportWatch {
  /** Told of every line that is not imported. */
  readonly onRefused: (line: number, because: LineRefusal) => Promise<void> | void
  readonly onBatch: (counts: ImportCounts) => void
}

/** How many lines are one transaction: short for those who wait for it, long for what a commit costs. */
const batchSize = 1000

/**
 * Imports the people of a dump, some at a time, each batch and its event on the audit log in one transaction.
 *
 * It keeps no state of its own. Who has an address of ours already is not touched: the same person with the same hash
 * is one that an earlier run has brought, and another is refused. So a run that was interrupted, however it was, is
 * completed by running it again. A dry run judges every line against the database and writes nothing; two lines of
 * one file with one address it notices only within a batch.
 */
export const importUsers =
  (deps: Deps) =>
  async (
    records: AsyncIterable<PlacedRecord>,
    source: Source,
    options: ImportOptions,
    { onRefused, onBatch }: ImportWatch,
  ): Promise<ImportCounts> => {
    const counts = noCounts()
    let batch: NewUser[] = []

    async function refuse(line: number, because: LineRefusal): Promise<void> {
      counts.refused[because] = (counts.refused[because] ?? 0) + 1
      await onRefused(line, because)
    }

    async function flush(): Promise<void> {
      const { fresh, alreadyThere, refused } = await deps.transact((transaction) =>
        storeBatch(deps, options, transaction, batch),
      )
      batch = []
      counts.imported += fresh.length
      counts.alreadyThere += alreadyThere
      counts.withoutPassword += fresh.filter(({ passwordHash }) => passwordHash === null).length
      for (const { line, because } of refused) await refuse(line, because)
      onBatch(counts)
    }

    for await (const placed of records) {
      counts.read++
      const user = judge(deps, source, options, placed, counts)
      if (user === null) counts.passedOver++
      else if (typeof user === 'string') await refuse(placed.line, user)
      else batch.push(user)
      if (batch.length === batchSize) await flush()
    }
    await flush()
    return counts
  }

/** The user that a line makes; null for a line that is no person. Counts what its hash is like. */
function judge(
  { acceptHash, clock }: Deps,
  source: Source,
  options: ImportOptions,
  { line, record }: PlacedRecord,
  counts: ImportCounts,
): NewUser | LineRefusal | null {
  if (record === null) return 'malformed_line'
  const given = source.read(record, options)
  if (given === null) return null
  const user = readUser(line, given, { keepIds: options.keepIds, now: clock() })
  if (typeof user === 'string' || user.passwordHash === null) return user
  const verdict = acceptHash(user.passwordHash)
  if (verdict.kind === 'refused') return refusals[verdict.because]
  counts.schemes[verdict.scheme] = (counts.schemes[verdict.scheme] ?? 0) + 1
  if (verdict.dearer) counts.dearer++
  counts.memory = Math.max(counts.memory, verdict.memory)
  return { ...user, passwordHash: verdict.stored }
}

async function storeBatch(
  { users, audit, clock }: Deps,
  { name, keepIds, dryRun, operator }: ImportOptions,
  transaction: Transaction,
  given: readonly NewUser[],
): Promise<Settled> {
  if (keepIds && !dryRun) await users.holdIds(transaction)
  const ids = given.flatMap(({ id }) => (id === null ? [] : [id]))
  const emails = given.map(({ email }) => email)
  const spent = ids.length === 0 ? [] : await users.findSpent(transaction, ids)
  const settled = settleBatch(given, await users.find(transaction, emails, ids), spent)
  if (dryRun || settled.fresh.length === 0) return settled
  // Before the rows: a registration that comes meanwhile gets an id behind them.
  const kept = settled.fresh.flatMap(({ id }) => (id === null ? [] : [id]))
  if (kept.length > 0)
    await users.passOver(
      transaction,
      kept.reduce((one, other) => (one > other ? one : other)),
    )
  const inserted = await users.insert(transaction, settled.fresh)
  if (inserted.length > 0) {
    const subject = describeBatch(
      name,
      inserted.map(({ id }) => id),
    )
    const event = { kind: 'users_imported', at: clock(), userId: null, sessionId: null, caller: operator } as const
    await audit.record(transaction, { ...event, subject })
  }
  // Somebody may have registered meanwhile.
  const there = new Set(inserted.map(({ email }) => email))
  const late = settled.fresh.filter(({ email }) => !there.has(email))
  const refused = late.map(({ line }) => ({ line, because: 'email_taken' as const }))
  const fresh = settled.fresh.filter(({ email }) => there.has(email))
  return { ...settled, fresh, refused: [...settled.refused, ...refused] }
}

const refusals = {
  malformed: 'malformed_hash',
  foreign_scheme: 'unknown_hash',
  cost_out_of_range: 'hash_too_dear',
} as const

const noCounts = (): ImportCounts => ({
  read: 0,
  imported: 0,
  alreadyThere: 0,
  passedOver: 0,
  withoutPassword: 0,
  refused: {},
  schemes: {},
  dearer: 0,
  memory: 0,
})

/** By the ids anybody can tell later which import an account came by. */
const describeBatch = (name: string, ids: readonly number[]): string =>
  `from ${name}: ${ids.length} users, ids ${Math.min(...ids)} to ${Math.max(...ids)}`
