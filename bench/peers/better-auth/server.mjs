// better-auth as a fair user sets it up: PostgreSQL through a pool, e-mail and password, and its defaults otherwise.
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import pg from 'pg'

const { DATABASE_URL, HOST, PORT, BETTER_AUTH_URL, BETTER_AUTH_SECRET } = process.env

const options = {
  baseURL: BETTER_AUTH_URL,
  secret: BETTER_AUTH_SECRET,
  database: new pg.Pool({ connectionString: DATABASE_URL }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  // GET looks the session up and writes nothing; POST renews it, each time it is asked.
  session: { deferSessionRefresh: true, updateAge: 0 },
}

const { runMigrations } = await getMigrations(options)
await runMigrations()
createServer(toNodeHandler(betterAuth(options))).listen(Number(PORT), HOST)
