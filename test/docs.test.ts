import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Config, parseConfig } from '../src/config.ts'
import { faces } from '../src/platform/http/problem.ts'
import { leavesOf, program } from './cli/program.ts'
import { startService, type TestService } from './support/service.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const run = promisify(execFile)

const readme = read('README.md')
const elsewhere = ['node_modules', 'dist', 'data', 'coverage', '.git']
const pages = globSync('**/*.md', { cwd: root, exclude: (name) => elsewhere.includes(name) }).toSorted()

/** The text under a heading, up to the next heading of any level. */
function section(title: string): string {
  const parts = readme.split(/^#+ (.+)\n/m)
  const at = parts.indexOf(title)
  assert.notEqual(at, -1, `README.md has no heading "${title}"`)
  return parts[at + 1] ?? ''
}

/** The rows of the tables under a heading whose first cell is one piece of code: that code, and the other cells. */
function rows(title: string): Map<string, string[]> {
  const cells = section(title)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const named = cells.map(([, first = '', ...others]) => [first.replaceAll('`', ''), others] as const)
  assert.equal(new Map(named).size, named.length, `a row under "${title}" is there twice`)
  return new Map(named)
}

const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)

const withoutCode = (text: string) => text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '')

describe('the README', () => {
  it('has every refusal with its status, and no other', () => {
    const documented = [...rows('Refusals')].map(([code, [status]]) => [code, Number(status)])
    const actual = Object.entries(faces).map(([code, { status }]) => [code, status])
    assert.deepEqual(documented.toSorted(), actual.toSorted())
  })

  it('has every variable that the configuration reads, and no other', () => {
    const source = read('src/config.ts')
    const names = [...source.matchAll(/\bread\(\s*'(\w+)'|\benv\.(\w+)/g)].map(([, read, direct]) => read ?? direct)
    const variables = new Set(names)
    assert.ok(variables.size >= 16, 'the variables are found in the source')
    assert.deepEqual([...rows('Configuration').keys()].toSorted(), [...variables].toSorted())
    const mentioned = readme.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? []
    assert.deepEqual(
      mentioned.filter((name) => !variables.has(name)),
      [],
    )
  })

  it('does not promise a variable that the compose file keeps from the service', () => {
    const [, service = ''] = /^ {2}latchkey:\n(.*?)^ {4}ports:/ms.exec(read('compose.yaml')) ?? []
    const passed = [...service.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name]) => name)
    // The image and the compose file themselves say where these are.
    const settled = ['HOST', 'PORT', 'ADMIN_HOST', 'DATA_DIR']
    const missing = [...rows('Configuration').keys()].filter(
      (name) => !passed.includes(name) && !settled.includes(name),
    )
    assert.deepEqual(missing, [])
  })

  it('gives every variable the default that it has', () => {
    const defaults = parseConfig({})
    for (const [name, [cell = '']] of rows('Configuration')) {
      const key = name.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase()) as keyof Config
      assert.ok(key in defaults, `${name} is no value of the configuration`)
      const written = /^`(.+)`$/.exec(cell)?.[1]
      if (written === undefined) {
        assert.equal(cell, 'none', name)
        assert.deepEqual(defaults[key] ?? [], [], name)
      } else {
        assert.deepEqual(parseConfig({ [name]: written })[key], defaults[key], name)
      }
    }
  })

  it('has every command of the operator, and no other', () => {
    const known = leavesOf(program()).map(({ place }) => place)
    const documented = [...rows('For the operator').keys()].map((line) => line.replace(/^latchkey | [[A-Z].*$/g, ''))
    assert.ok(known.length > 20)
    assert.deepEqual(documented.toSorted(), known.toSorted())
  })

  it('draws folders and files that exist', () => {
    const [tree = ''] = blocks(section('How the code is laid out'), 'text')
    const path: string[] = []
    for (const [, start = '', indent = '', name = ''] of tree.matchAll(/^((?:([│ ] {3})*[├└]── )?)([\w./]+)/gm)) {
      const depth = start === '' ? 0 : indent === '' ? 1 : 2
      path.splice(depth, Number.POSITIVE_INFINITY, name)
      assert.ok(existsSync(join(root, ...path)), path.join('/'))
    }
  })
})

describe('the pages', () => {
  it('link to files and headings that exist', () => {
    for (const page of pages) {
      for (const [, target = '', anchor = ''] of withoutCode(read(page)).matchAll(/\]\(([^)#\s]*)#?([^)\s]*)\)/g)) {
        if (/^https?:/.test(target)) continue
        const path = target === '' ? page : relative(root, join(root, dirname(page), target))
        assert.ok(existsSync(join(root, path)), `${page} links to ${target}`)
        if (anchor !== '') assert.ok(anchors(read(path)).has(anchor), `${page} links to ${path}#${anchor}`)
      }
    }
  })

  it('name files and folders that exist', () => {
    for (const page of pages) {
      for (const [, path = ''] of read(page).matchAll(/`((?:src|test|docs|scripts|deploy)\/[\w./-]*)`/g)) {
        assert.ok(existsSync(join(root, path)), `${page} names ${path}`)
      }
    }
  })

  it('are decisions of three headings each, numbered without a gap', () => {
    const decisions = pages.filter((page) => page.startsWith(join('docs', 'decisions')))
    assert.ok(decisions.length > 0)
    for (const [index, page] of decisions.entries()) {
      const number = index + 1
      assert.match(page, new RegExp(`[/\\\\]${String(number).padStart(4, '0')}-[a-z0-9-]+\\.md$`))
      const headings = read(page).match(/^#+ .+$/gm) ?? []
      assert.match(headings[0] ?? '', new RegExp(`^# ${number}\\. `), page)
      assert.deepEqual(headings.slice(1), ['## Context', '## Decision', '## Price'], page)
    }
  })
})

function anchors(text: string): Set<string> {
  const headings = text.replace(/^```.*?^```/gms, '').match(/^#+ .+$/gm) ?? []
  const slug = (heading: string) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-')
  return new Set(headings.map(slug))
}

describe('the README, beside a service', () => {
  let service: TestService

  // Time goes on here, for a verifier elsewhere has a clock of its own.
  before(async () => {
    const clock = Object.assign(() => new Date(), { advance: () => {}, set: () => {} })
    service = await startService({ kind: 'embedded', clock })
  })
  after(() => service?.close())

  it('has every call of the OpenAPI document, and no call that does not exist', async () => {
    const { body } = await service.call('GET', '/api/openapi.json')
    const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const documented = [...rows('All calls').keys()]
    assert.ok(described.length >= 12)
    assert.deepEqual(
      described.filter((call) => !documented.includes(call)),
      [],
    )
    for (const call of documented.filter((call) => !described.includes(call))) {
      const [method = '', path = ''] = call.split(' ')
      assert.equal((await service.call(method, path)).status, 200, call)
    }
  })

  it('has lines for a shell that answer what it says', async (t) => {
    const tools = spawnSync('bash', ['-c', 'command -v curl && command -v sed'])
    if (tools.status !== 0) return t.skip('bash, curl or sed is not installed')
    const text = section('The calls, one after the other')
    const [lines, answers] = [blocks(text, 'bash'), blocks(text, 'text')]
    assert.ok(lines.length >= 7)
    assert.equal(lines.length, answers.length, 'every block of lines has its answer')
    assert.match(lines[0] ?? '', /^URL=http:\/\/localhost:1602\n/)

    const script = lines.join('printf "\\036"\n').replace(/^URL=.*/, `URL=${service.url}`)
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { timeout: 60_000 })
    const outputs = stdout.split('\x1e')
    for (const [index, answer] of answers.entries()) {
      const pattern = answer.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      assert.match(outputs[index] ?? '', new RegExp(`^${pattern.join('[^\\n]+?')}$`), lines[index])
    }
  })

  it('has a verifier that accepts an access token and refuses a refresh token', async () => {
    const [snippet = ''] = blocks(section('Verifying an access token elsewhere'), 'js')
    const here = JSON.stringify(`${service.url}/.well-known/jwks.json`)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the snippet is looked for.
    const verifier = snippet.replace('`${issuer}/.well-known/jwks.json`', here)
    assert.notEqual(verifier, snippet)
    const code = `${verifier}\nconsole.log(await userIdOf(process.env.TOKEN).catch((error) => error.code))`
    const userIdOf = async (token: string) => {
      const options = { cwd: root, env: { ...process.env, TOKEN: token }, timeout: 30_000 }
      return (await run(process.execPath, ['--input-type=module', '-e', code], options)).stdout.trim()
    }
    const { access, refresh } = await service.loggedIn()
    const me = await service.call('GET', '/api/v1/users/me', { token: access })
    assert.equal(await userIdOf(access), String(me.body.id))
    assert.match(await userIdOf(refresh), /^ERR_J/)
  })
})
