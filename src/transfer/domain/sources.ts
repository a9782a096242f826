import { type FirebaseParameters, firebaseHash } from './firebase-hash.ts'
import { keycloakHash } from './keycloak-hash.ts'
import type { GivenUser } from './user-row.ts'

/** One record of a dump: a line of CSV, of NDJSON or of COPY, or an element of a JSON document. */
export type DumpRecord = Readonly<Record<string, unknown>>

export type Format = 'ndjson' | 'csv' | 'json' | 'copy'

export interface SourceOptions {
  readonly firebase?: FirebaseParameters
}

/** What is known of one kind of dump. */
export interface Source {
  readonly formats: readonly Format[]
  /** The columns of a CSV without a line of names. */
  readonly columns?: readonly string[]
  /** Which tables of a dump by `pg_dump` are read. */
  readonly tables?: readonly string[]
  /** Null for a record that is no person, such as the header of an export. */
  read(record: DumpRecord, options: SourceOptions): GivenUser | null
}

export type SourceName =
  | 'csv'
  | 'ndjson'
  | 'latchkey'
  | 'python'
  | 'supabase'
  | 'keycloak'
  | 'firebase'
  | 'better-auth'
  | 'auth0'

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as DumpRecord)[name] : undefined

const plain: Source = {
  formats: ['ndjson', 'csv'],
  read: (record) => ({
    id: record.id,
    email: record.email,
    passwordHash: textOf(record.password_hash),
    createdAt: record.created_at,
    disabled: record.disabled,
    disabledAt: record.disabled_at,
  }),
}

/** From 24 columns on: https://firebase.google.com/docs/cli/auth, and what the tool itself writes behind them. */
const firebaseColumns = [
  ...['localId', 'email', 'emailVerified', 'passwordHash', 'salt', 'displayName', 'photoUrl'],
  ...Array.from({ length: 16 }, (_, index) => `provider${index}`),
  ...['createdAt', 'lastSignedInAt', 'phoneNumber', 'disabled', 'customAttributes'],
]

export const sources: Readonly<Record<SourceName, Source>> = {
  csv: { ...plain, formats: ['csv'] },
  ndjson: { ...plain, formats: ['ndjson'] },

  /** Our own export: a header, one line for each user, an end. */
  latchkey: {
    formats: ['ndjson'],
    read: (record) => (record.type === 'user' ? plain.read(record, {}) : null),
  },

  /** The service that this one is modelled on: SQLAlchemy's table `users`, with bcrypt hashes. */
  python: {
    formats: ['copy', 'csv', 'ndjson'],
    tables: ['users', 'public.users'],
    read: (record) => ({
      id: record.id,
      email: record.email,
      passwordHash: textOf(record.hashed_password ?? record.password_hash ?? record.password),
      createdAt: record.created_at,
      enabled: record.is_active,
    }),
  },

  supabase: {
    formats: ['copy', 'csv', 'ndjson'],
    tables: ['auth.users'],
    read: (record) =>
      // What is deleted softly is no account any more.
      textOf(record.deleted_at) !== null
        ? null
        : {
            id: record.id,
            email: record.email,
            passwordHash: textOf(record.encrypted_password),
            createdAt: record.created_at,
            disabledUntil: record.banned_until,
          },
  },

  keycloak: {
    formats: ['json', 'ndjson'],
    read: (record) => ({
      id: record.id,
      email: record.email,
      passwordHash: keycloakHash(record.credentials),
      createdAt: record.createdTimestamp,
      enabled: record.enabled,
    }),
  },

  firebase: {
    formats: ['json', 'csv', 'ndjson'],
    columns: firebaseColumns,
    read: (record, { firebase }) => ({
      id: record.localId,
      email: record.email,
      passwordHash: firebaseHash(textOf(record.passwordHash), textOf(record.salt), firebase),
      createdAt: record.createdAt,
      disabled: record.disabled,
    }),
  },

  /** The tables `user` and `account` joined, as the documentation's statement has them. */
  'better-auth': {
    formats: ['csv', 'ndjson'],
    read: (record) => ({
      id: record.id,
      email: record.email,
      passwordHash: textOf(record.password),
      createdAt: record.createdAt ?? record.created_at,
      disabled: record.banned,
      disabledUntil: record.banExpires ?? record.ban_expires,
    }),
  },

  auth0: {
    formats: ['ndjson', 'json'],
    read: (record) => {
      const identifiers = Array.isArray(record.identifiers) ? record.identifiers : []
      const custom = field(field(record.custom_password_hash, 'hash'), 'value')
      return {
        id: field(record._id, '$oid') ?? record.user_id,
        email:
          record.email ??
          field(
            identifiers.find((one) => field(one, 'type') === 'email'),
            'value',
          ),
        passwordHash: textOf(record.passwordHash) ?? textOf(record.password_hash) ?? textOf(custom),
        createdAt: field(record.created_at, '$date') ?? record.created_at,
        disabled: record.blocked,
      }
    },
  },
}
