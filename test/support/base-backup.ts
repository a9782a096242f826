import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Client } from 'pg'
import type { DurablePostgres } from './postgres.ts'

// Belongs to the process that runs, or is made anew (PostgreSQL, section 25.3.4.2).
const left = /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)[\\/]./
const dropped = /(^|[\\/])(postmaster\.(pid|opts)|pgsql_tmp.*|pg_internal\.init.*)$/

/**
 * Copies the files of a server while it runs, by PostgreSQL's low-level way (section 25.3.4): what `pg_basebackup` does,
 * which the test's binaries lack.
 *
 * @param log whether the write-ahead log comes along: then the copy recovers by itself; else from another server
 */
export async function copyRunning(server: DurablePostgres, data: string, { log }: { log: boolean }): Promise<void> {
  const client = new Client({ connectionString: server.url })
  await client.connect()
  try {
    await client.query("SELECT pg_backup_start('latchkey', fast => true)")
    const filter = (path: string) => {
      const name = relative(server.data, path)
      return !dropped.test(name) && !left.test(name)
    }
    await cp(server.data, data, { recursive: true, filter })
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
    )
    await writeFile(join(data, 'backup_label'), rows[0]?.labelfile ?? '')
    // Last, for the end of the backup is in it.
    if (log) await cp(join(server.data, 'pg_wal'), join(data, 'pg_wal'), { recursive: true })
    else await mkdir(join(data, 'pg_wal', 'archive_status'), { recursive: true })
  } finally {
    await client.end()
  }
}
