import type { Client } from 'pg'

/** Rows of the other tables that grow with use, as logins leave them; made by SQL. */
const inserts: Readonly<Record<string, string>> = {
  audit_events: `
    INSERT INTO audit_events (at, kind, user_id, session_id, request_id, whence_digest)
    SELECT now(), (ARRAY['logged_in', 'logged_in', 'login_failed', 'logged_out'])[1 + n % 4], n,
      CASE WHEN n % 4 <> 2 THEN gen_random_uuid() END, md5(n::text), sha256(int8send(n))
    FROM generate_series(1, $1::bigint) AS n`,
  audit_whence: `
    INSERT INTO audit_whence (event_id, ip, user_agent, salt)
    SELECT n, '203.0.113.' || n % 254,
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      sha256(int8send(n))
    FROM generate_series(1, $1::bigint) AS n`,
  audit_seals: `
    INSERT INTO audit_seals (position, event_id, hash) SELECT n, n, sha256(int8send(n))
    FROM generate_series(1, $1::bigint) AS n`,
  known_places: `
    INSERT INTO known_places (account, place, last_at) SELECT substr(md5(n::text), 1, 22), substr(md5('p' || n), 1, 22), now()
    FROM generate_series(1, $1::bigint) AS n`,
  login_streaks: `
    INSERT INTO login_streaks (user_id, known, elsewhere) SELECT n, 0, 0 FROM generate_series(1, $1::bigint) AS n`,
  throttle_buckets: `
    INSERT INTO throttle_buckets (key, full_at) SELECT substr(md5(n::text), 1, 22), now()
    FROM generate_series(1, $1::bigint) AS n`,
}

export const otherTables = Object.keys(inserts)

/** Inserts so many rows into each of `otherTables`, with no trigger and no foreign key at work. */
export async function insertOthers(client: Client, rows: number): Promise<void> {
  await client.query('SET session_replication_role = replica')
  for (const insert of Object.values(inserts)) await client.query(insert, [rows])
}
