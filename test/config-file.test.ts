import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ConfigError, parseConfig } from '../src/config.ts'
import { parseConfigFile, withConfigFile } from '../src/config-file.ts'
import { planReload, variablesOf } from '../src/config-reload.ts'
import { reportConfig } from '../src/config-report.ts'
import { key } from './config-variables.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(content: string | Buffer): string {
  const path = join(folder, 'latchkey.env')
  writeFileSync(path, content)
  return path
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    withConfigFile(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('a line of the file', () => {
  const lines: [line: string, value: string][] = [
    ['HOST=a', 'a'],
    ['  export HOST= a b  ', 'a b'],
    ['HOST=a#b # c', 'a#b'],
    ['HOST=', ''],
    ['HOST= # c', ''],
    ['HOST=" a # b "', ' a # b '],
    ["HOST='a\\\"b' # c", 'a\\"b'],
    ['HOST=a=b', 'a=b'],
    ['HOST=$PORT\r', '$PORT'],
  ]
  for (const [line, value] of lines) {
    it(`${JSON.stringify(line)} gives ${JSON.stringify(value)}`, () => {
      assert.deepEqual(parseConfigFile(`# first\n\n${line}\n`), { values: { HOST: value }, problems: [] })
    })
  }

  const wrong: [text: string, problem: string][] = [
    ['HOST', 'line 1 is not of the form NAME=value.'],
    ['\nHOST = a', 'line 2 is not of the form NAME=value.'],
    ['HSOT=a', 'line 1 sets a variable that can not be set here.'],
    ['CONFIG_FILE=a', 'line 1 sets a variable that can not be set here.'],
    ['__proto__=a', 'line 1 sets a variable that can not be set here.'],
    ['HOST=a\nHOST=a', 'line 2 sets HOST a second time.'],
    ...['HOST="a', "HOST='a'b", 'HOST="a\\n"', "HOST='"].map((line): [string, string] => [
      line,
      'line 1 gives HOST a value whose quotes are not closed, or that has a backslash in double ones.',
    ]),
  ]
  for (const [text, problem] of wrong) {
    it(`${JSON.stringify(text)} is refused, and its text is not repeated`, () => {
      assert.deepEqual(parseConfigFile(text).problems, [problem])
    })
  }
})

describe('the file', () => {
  it('gives what the environment does not', () => {
    const CONFIG_FILE = fileOf(`BCRYPT_COST=13\nLOG_LEVEL=warn\nSECRET_KEY=${key}\n`)
    const env = { CONFIG_FILE, LOG_LEVEL: 'debug', BCRYPT_COST: '' }
    const { bcryptCost, logLevel, configFile } = parseConfig(withConfigFile(env))
    assert.deepEqual(
      { bcryptCost, logLevel, configFile },
      { bcryptCost: 13, logLevel: 'debug', configFile: CONFIG_FILE },
    )
    const whence = Object.fromEntries(reportConfig(env).map(({ name, from, value }) => [name, [from, value]]))
    assert.deepEqual(
      [whence.BCRYPT_COST, whence.LOG_LEVEL, whence.SECRET_KEY, whence.PORT],
      [
        ['config file', '13'],
        ['environment', 'debug'],
        ['config file', '[secret]'],
        ['default', '1602'],
      ],
    )
  })

  it('that can not be read is named, with every line that is wrong', () => {
    const missing = join(folder, 'missing')
    assert.deepEqual(problemsOf({ CONFIG_FILE: missing }), [
      `CONFIG_FILE must be a file that can be read: ${missing} gives ENOENT.`,
    ])
    assert.match(problemsOf({ CONFIG_FILE: folder })[0] ?? '', /gives EISDIR\.$/)
    assert.match(problemsOf({ CONFIG_FILE: fileOf(Buffer.from([0xff])) })[0] ?? '', /is not UTF-8\.$/)
    assert.match(problemsOf({ CONFIG_FILE: fileOf('#'.repeat(300_000)) })[0] ?? '', /has more than 256 KiB\.$/)
    const path = fileOf('hunter2\nHOST=a\nhunter2=x\n')
    assert.deepEqual(problemsOf({ CONFIG_FILE: path }), [
      `CONFIG_FILE ${path}: line 1 is not of the form NAME=value.`,
      `CONFIG_FILE ${path}: line 3 sets a variable that can not be set here.`,
    ])
  })
})

describe('a reload', () => {
  const inForce = parseConfig({ SECRET_KEY: key, LOG_LEVEL: 'info' })

  it('changes what is safe, and names what needs a restart; no secret is shown', () => {
    const found = parseConfig({
      SECRET_KEY: `x${key}`,
      LOG_LEVEL: 'debug',
      RATE_LIMIT: 'off',
      CORS_ORIGINS: 'http://a',
    })
    assert.deepEqual(planReload(inForce, found), {
      adjusted: { logLevel: 'debug', rateLimit: false, maxSessionsPerUser: 100 },
      changes: [
        { variable: 'RATE_LIMIT', from: 'on', to: 'off' },
        { variable: 'LOG_LEVEL', from: 'info', to: 'debug' },
      ],
      needRestart: ['SECRET_KEY', 'CORS_ORIGINS'],
    })
  })

  it('of the same values, however they are written, changes nothing', () => {
    const found = parseConfig({ SECRET_KEY: key, ACCESS_TOKEN_TTL: '60s' })
    assert.deepEqual([planReload(inForce, found).changes, planReload(inForce, found).needRestart], [[], []])
  })

  it('is what a process that starts afterwards finds in its environment', () => {
    const values = { logLevel: 'warn', rateLimit: false, maxSessionsPerUser: 7 } as const
    const { logLevel, rateLimit, maxSessionsPerUser } = parseConfig(variablesOf(values))
    assert.deepEqual({ logLevel, rateLimit, maxSessionsPerUser }, values)
  })
})
