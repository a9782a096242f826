import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account, Adapter, Answer, Call, Session } from '../adapter.ts'

const folder = join(import.meta.dirname, '..', 'peers', 'better-auth')
const origin = 'http://localhost:1602'
const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

function cookie({ head, body }: Answer): Session {
  const [, pair] = /\r\nset-cookie: (better-auth\.session_token=[^;\r]+)/i.exec(head) ?? []
  if (pair === undefined) throw new Error(`no session cookie: ${body.slice(0, 200)}`)
  return { cookie: pair }
}

/** It answers `null` with status 200 where there is no session. */
function check({ body }: Answer): void {
  if (!body.startsWith('{"session":')) throw new Error(`no session: ${body.slice(0, 200)}`)
}

const headers = { 'content-type': 'application/json', origin }
const signIn: Call<Account> = {
  request: (account) => ({ method: 'POST', path: '/api/auth/sign-in/email', headers, body: JSON.stringify(account) }),
  status: 200,
  session: cookie,
}

/**
 * Its refresh is the renewal of a session: the row gets a new end and the cookie is set again. No token is replaced and
 * none is signed by a key that others can verify, which ours does beside it.
 */
const renew: Call<Session> = {
  request: (session) => ({
    method: 'POST',
    path: '/api/auth/get-session',
    headers: { cookie: session.cookie ?? '', origin },
  }),
  status: 200,
  check,
  session: cookie,
}

export const adapter: Adapter = {
  name: 'better-auth',
  about:
    `${dependencies['better-auth']} on \`node:http\`, \`NODE_ENV=production\`, PostgreSQL through pg's pool, its limits off, ` +
    'its defaults otherwise; passwords by its scrypt; `me` is its session look-up, `refresh` the renewal of its session',
  calls: {
    register: {
      request: (account) => ({
        method: 'POST',
        path: '/api/auth/sign-up/email',
        headers,
        body: JSON.stringify({ ...account, name: 'Bench' }),
      }),
      status: 200,
    },
    login: signIn,
    refresh: renew,
    me: {
      request: (session) => ({
        method: 'GET',
        path: '/api/auth/get-session',
        headers: { cookie: session.cookie ?? '' },
      }),
      status: 200,
      check,
    },
  },
  async install() {
    const mark = join(folder, 'node_modules', '.installed')
    const wanted = createHash('sha256')
      .update(readFileSync(join(folder, 'package-lock.json')))
      .digest('hex')
    if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
    if (status !== 0) throw new Error(`npm ci failed in ${folder}`)
    writeFileSync(mark, wanted)
  },
  launch: ({ host, port, databaseUrl }) => ({
    command: [process.execPath, join(folder, 'server.mjs')],
    env: {
      NODE_ENV: 'production',
      HOST: host,
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      BETTER_AUTH_URL: origin,
      BETTER_AUTH_SECRET: 'k3Vn9sQ1xLw7Tz5RbYc2HdGm8EuJp4Ao',
    },
  }),
  ready: '/api/auth/ok',
}
