import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../deploy/ha/start-postgres.sh', import.meta.url))
const hasShell = spawnSync('sh', ['-c', 'sync "$0"', tmpdir()]).status === 0

/** PostgreSQL's programs, as far as the script looks at them. A copy or a rewind waits while the file `slow` is there. */
const programs = {
  psql: `case "$*" in
    *timeline_id*) echo 2 ;;
    *pg_is_in_recovery*) [ -e "$STAGE/primary" ] && echo t || exit 1 ;;
    *) [ -e "$STAGE/primary" ] && echo t || exit 1 ;;
  esac`,
  pg_basebackup: `for word in "$@"; do case "$word" in --pgdata=*) to="\${word#--pgdata=}" ;; esac; done
  echo 18 >"$to/PG_VERSION"
  while [ -e "$STAGE/slow" ]; do sleep 0.05; done
  echo whole >"$to/data"; touch "$to/standby.signal"`,
  pg_controldata: `echo "Latest checkpoint's TimeLineID:       \${TIMELINE-1}"`,
  pg_rewind: `echo half >"$PGDATA/data"
  while [ -e "$STAGE/slow" ]; do sleep 0.05; done
  echo rewound >"$PGDATA/data"; touch "$PGDATA/standby.signal"`,
  'docker-entrypoint.sh': 'echo started "$@"',
}

describe('the start of a PostgreSQL server', { skip: !hasShell && 'sh or sync is not here' }, () => {
  const stages: string[] = []
  after(() => {
    for (const stage of stages) rmSync(stage, { recursive: true, force: true })
  })

  function stage() {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-ha-'))
    stages.push(folder)
    const data = join(folder, 'volume', 'data')
    for (const name of ['bin', 'volume']) mkdirSync(join(folder, name))
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    }
    const flag = (name: 'primary' | 'slow', on: boolean) =>
      on ? writeFileSync(join(folder, name), '') : rmSync(join(folder, name), { force: true })
    writeFileSync(join(folder, 'password'), 'x')
    const env = (more: Record<string, string>) => ({
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      ...{ STAGE: folder, PGDATA: data, TMPDIR: folder, NAME: 'b', PEER: 'a', BEGINS: 'no' },
      ...{ POSTGRES_USER: 'latchkey', POSTGRES_DB: 'latchkey', POSTGRES_PASSWORD_FILE: join(folder, 'password') },
      ...more,
    })
    const start = (more: Record<string, string> = {}) =>
      spawnSync('sh', [script], { env: env(more), encoding: 'utf8', timeout: 20_000 })
    /** Starts it, and kills it and all that it runs once that stands in the file. */
    const startAndKill = async (file: string) => {
      flag('slow', true)
      const child = spawn('sh', [script], { env: env({}), detached: true, stdio: 'ignore' })
      const ended = once(child, 'exit')
      while (!existsSync(file)) await sleep(10)
      process.kill(-(child.pid as number), 'SIGKILL')
      await ended
      flag('slow', false)
    }
    const read = (name: string) => readFileSync(join(data, name), 'utf8').trim()
    return { data, flag, start, startAndKill, read, volume: () => readdirSync(join(folder, 'volume')) }
  }

  it('copies its peer, which gets its place only when it is whole: one that was killed midway is copied anew', async () => {
    const { data, flag, start, startAndKill, read, volume } = stage()
    flag('primary', true)
    mkdirSync(data)
    await startAndKill(join(`${data}.copy`, 'PG_VERSION'))
    assert.deepEqual(readdirSync(data), [], 'what was copied by half is not where a database is looked for')
    const { status, stdout } = start()
    assert.equal(status, 0)
    assert.match(stdout, /started postgres -c cluster_name=b\n$/)
    assert.equal(read('data'), 'whole')
    assert.equal(read('postgresql.auto.conf'), "synchronous_standby_names = ''")
    assert.deepEqual(volume(), ['data'])
  })

  it('that gives up what only it has, and is killed at it, copies its peer instead of going on from a half', async () => {
    const { data, flag, start, startAndKill, read, volume } = stage()
    flag('primary', true)
    mkdirSync(data)
    writeFileSync(join(data, 'PG_VERSION'), '18')
    await startAndKill(join(data, 'data'))
    const { status } = start()
    assert.equal(status, 0)
    assert.equal(read('data'), 'whole')
    assert.deepEqual(volume(), ['data'])
  })

  it('follows a peer that was promoted, and nobody whose timeline is not newer or not known', () => {
    for (const [timeline, follows] of [
      ['1', true],
      ['2', false],
      ['3', false],
      ['', false],
    ] as const) {
      const { data, flag, start, read } = stage()
      flag('primary', true)
      mkdirSync(data)
      writeFileSync(join(data, 'PG_VERSION'), '18')
      writeFileSync(join(data, 'data'), 'own')
      assert.equal(start({ TIMELINE: timeline }).status === 0, follows, timeline)
      assert.equal(read('data'), follows ? 'rewound' : 'own')
    }
  })
})
