import { exportVersion } from '../domain/export-format.ts'
import type { PlacedRecord } from './ports.ts'

/** An export of users that is none, or that is not whole. The message is for the operator. */
export class BrokenExport extends Error {
  override name = 'BrokenExport'
}

/**
 * Reads an export of users from its beginning to its end, before anything of it is written: a header, users and nothing
 * else, and an end that counts as many. We have written it ourselves: what is not so was damaged on its way.
 *
 * @throws BrokenExport
 */
export async function expectWhole(records: AsyncIterable<PlacedRecord>): Promise<void> {
  let [lines, users] = [0, 0]
  let end: { readonly users?: unknown } | null = null
  for await (const { line, record } of records) {
    if (end !== null) throw broken(`line ${line} comes behind the end`)
    if (lines++ === 0) expectHeader(record ?? {})
    else if (record?.type === 'user') users++
    else if (record?.type === 'end') end = (record.counts ?? {}) as { users?: unknown }
    else throw broken(`line ${line} is no user`)
  }
  if (end === null) throw broken('its last line is missing')
  if (end.users !== users) throw broken(`its last line counts other users than the ${users} that there are`)
}

function expectHeader({ format, version, kind }: Readonly<Record<string, unknown>>): void {
  if (format !== 'latchkey-export') throw broken('its first line is no header')
  if (kind !== 'users') throw broken('it is of a whole installation, which --everything imports')
  if (version !== exportVersion) throw broken('it is of a newer version of Latchkey than this one')
}

const broken = (why: string) => new BrokenExport(`The file is no whole export of users: ${why}. Nothing was imported.`)
