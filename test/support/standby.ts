import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { copyRunning } from './base-backup.ts'
import { type DurablePostgres, startDurablePostgres } from './postgres.ts'

/** A server that streams another's write-ahead log. */
export interface Standby extends DurablePostgres {
  /** Makes it the primary; resolves when it takes writes. */
  promote(): Promise<void>
}

/** From when this resolves, no commit of `primary` is acknowledged before it is on the disks of both. */
export async function startStandby(primary: DurablePostgres): Promise<Standby> {
  const { hostname, port, username } = new URL(primary.url)
  const follow = { primary_conninfo: `host=${hostname} port=${port} user=${username} application_name=standby` }
  const standby = await startDurablePostgres(follow, async (data) => {
    await copyRunning(primary, data, { log: false })
    await writeFile(join(data, 'standby.signal'), '')
  })
  await on(primary.url, async (client) => {
    await client.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
    await client.query('SELECT pg_reload_conf()')
    const isSynchronous = async () =>
      (await client.query("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")).rowCount === 1
    while (!(await isSynchronous())) await sleep(10)
  })
  return {
    ...standby,
    promote: () =>
      on(standby.url, async (client) => {
        const { rows } = await client.query<{ done: boolean }>('SELECT pg_promote() AS done')
        if (!rows[0]?.done) throw new Error('the standby is not promoted')
      }),
  }
}

async function on(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
