// Makes the database's password at the first start and leaves it in the folder given, in the two forms that are read:
//   password   for PostgreSQL's container: its group may read it
//   pgpass     for the service, as PostgreSQL's own clients take it (PGPASSFILE): its owner alone may read it
// Later starts change nothing, and write again what is missing of the second.
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder = ''] = process.argv.slice(2)
// One host, or several with commas between them.
const [, username, hosts, database] = /^postgres(?:ql)?:\/\/([^:@/]+)@([^/?]+)\/([^?]+)/.exec(process.env.DATABASE_URL)
const password = join(folder, 'password')
const pgpass = join(folder, 'pgpass')
const draft = join(folder, `draft.${randomBytes(6).toString('hex')}`)

// This process runs in the group of PostgreSQL's container, which has to pass through the folder.
chownSync(folder, -1, process.getgid())
chmodSync(folder, 0o750)

writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true })
chmodSync(draft, 0o440)
try {
  // A link appears whole or not at all, and never replaces a password that the database knows already.
  linkSync(draft, password)
  console.log('The database has a new password.')
} catch (error) {
  if (error.code !== 'EEXIST') throw error
}
rmSync(draft)

const lines = hosts.split(',').map((host) => {
  const [name, port = 5432] = host.split(':')
  return `${[name, port, database, username, readFileSync(password, 'utf8')].join(':')}\n`
})
writeFileSync(draft, lines.join(''), { mode: 0o600, flush: true })
renameSync(draft, pgpass)
