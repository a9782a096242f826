// Installs what is missing, and only then: runs before every npm script, on whatever Node the machine has (20 or later).
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const mark = join(root, 'node_modules', '.installed')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.platform} ${process.arch}`)
  .digest('hex')

if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
  console.error('latchkey: installing dependencies, this once')
  const npm = process.env.npm_execpath
  const [command, ...args] = npm ? [process.execPath, npm, 'ci'] : ['npm', 'ci']
  const { status } = spawnSync(command, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    // Standard output belongs to the script that comes next.
    stdio: ['ignore', 2, 2],
    shell: !npm && process.platform === 'win32',
    // npm sets NODE_ENV's meaning for its children: without development tools neither tests nor the pinned Node exist.
    env: { ...process.env, NODE_ENV: 'development', npm_config_omit: '' },
  })
  if (status !== 0) {
    console.error('latchkey: npm ci failed; its reason stands above')
    process.exit(1)
  }
  writeFileSync(mark, wanted)
}
