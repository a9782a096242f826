import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { imageArguments } from '../../test/support/image-arguments.ts'
import type { Account, Adapter, Answer, Call, Session } from '../adapter.ts'

const root = join(import.meta.dirname, '..', '..')
const credentials = (account: Account) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(account),
})

function tokens({ body }: Answer): Session {
  const { access_token: access, refresh_token: refresh } = JSON.parse(body)
  if (typeof access !== 'string' || typeof refresh !== 'string') throw new Error(`no tokens: ${body.slice(0, 200)}`)
  return { access, refresh }
}

const bearer = (token: string | undefined) => ({ headers: { authorization: `Bearer ${token}` } })

const login: Call<Account> = {
  request: (account) => ({ method: 'POST', path: '/api/v1/auth/login', ...credentials(account) }),
  status: 200,
  session: tokens,
}
const refresh: Call<Session> = {
  request: (session) => ({ method: 'POST', path: '/api/v1/auth/refresh', ...bearer(session.refresh) }),
  status: 200,
  session: tokens,
}
const me: Call<Session> = {
  request: (session) => ({ method: 'GET', path: '/api/v1/users/me', ...bearer(session.access) }),
  status: 200,
}

/** This service, built, as an operator runs it. */
export const adapter: Adapter = {
  name: 'latchkey',
  about:
    'built, `NODE_ENV=production`, `RATE_LIMIT=off`; tokens that outlive the run (`ACCESS_TOKEN_TTL=1h`, ' +
    '`REFRESH_TOKEN_TTL=2h`); passwords may wait for a minute to be hashed (`HASH_DEADLINE=60s`)',
  calls: {
    register: {
      request: (account) => ({ method: 'POST', path: '/api/v1/auth/register', ...credentials(account) }),
      status: 200,
    },
    login,
    refresh,
    me,
    jwks: { request: () => ({ method: 'GET', path: '/.well-known/jwks.json' }), status: 200 },
  },
  async install() {
    const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
    if (status !== 0) throw new Error('npm run build failed')
  },
  launch: ({ host, port, databaseUrl, folder }) => ({
    command: [process.execPath, ...imageArguments(), join(root, 'dist', 'main.js')],
    env: {
      NODE_ENV: 'production',
      HOST: host,
      PORT: String(port),
      PUBLIC_URL: 'http://localhost:1602',
      DATABASE_URL: databaseUrl,
      DATA_DIR: folder,
      RATE_LIMIT: 'off',
      ACCESS_TOKEN_TTL: '1h',
      REFRESH_TOKEN_TTL: '2h',
      HASH_DEADLINE: '60s',
    },
  }),
  ready: '/health/ready',
  // A session is as good when its password was cheap; those who log in under measurement are registered without this.
  seedingEnv: { BCRYPT_COST: '10' },
}
