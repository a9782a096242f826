import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Transaction } from '../../kernel/transact.ts'
import type { DumpRecord } from '../domain/sources.ts'
import type { NewUser } from '../domain/user-row.ts'

/** A record and where it stands: its line, or for a JSON document the line where it begins. Null when unreadable. */
export interface PlacedRecord {
  readonly line: number
  readonly record: DumpRecord | null
}

export interface KnownUser {
  readonly id: UserId
  readonly email: EmailAddress
  readonly passwordHash: string | null
}

export interface UserTable {
  /** Has nobody else insert users until the transaction ends, so that ids can be chosen. */
  holdIds(transaction: Transaction): Promise<void>
  /** Those who have one of the addresses or one of the ids. */
  find(transaction: Transaction, emails: readonly EmailAddress[], ids: readonly UserId[]): Promise<KnownUser[]>
  /** Those of the ids that nobody has any more and that events on the audit log speak of. */
  findSpent(transaction: Transaction, ids: readonly UserId[]): Promise<UserId[]>
  /** Inserts the users in their order, with their ids where they have some; answers those whose address was free. */
  insert(transaction: Transaction, users: readonly NewUser[]): Promise<{ id: UserId; email: EmailAddress }[]>
  /** Has every new id be higher than this one. */
  passOver(transaction: Transaction, highest: UserId): Promise<void>
}

/** A line of an export, and the end of it. */
export interface LineSink {
  write(line: string): Promise<void>
}

/** What is copied row by row, with all its columns, when a whole installation moves. */
export interface RowTables {
  /** Reads the state of one moment, whatever others write meanwhile. */
  snapshot<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** The migrations that have run, in their order. */
  migrations(transaction: Transaction): Promise<string[]>
  /** The highest id that each numbered table has given, also to rows that are gone. */
  sequences(transaction: Transaction): Promise<Sequences>
  /** The table's rows in the order of its key, each as a text of JSON, some at a time. */
  rows(transaction: Transaction, table: string): AsyncIterable<string[]>
  /** About how many rows the table has, at little cost; null where nobody knows. */
  expected(transaction: Transaction, table: string): Promise<number | null>
  /** Inserts rows as `rows` has read them. Columns that they do not have get their defaults. */
  insert(transaction: Transaction, table: string, rows: readonly object[]): Promise<void>
  /** Has nobody else write to any of them until the transaction ends. */
  hold(transaction: Transaction, tables: readonly string[]): Promise<void>
  isEmpty(transaction: Transaction, table: string): Promise<boolean>
  /** After all rows are there: ids go on after the highest ever given, and what waits for its seal is known. */
  settle(transaction: Transaction, sequences: Sequences): Promise<void>
}

export interface Sequences {
  readonly users: number
  readonly audit_events: number
}
