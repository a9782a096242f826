import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

/** What may import what. Within a feature the arrows run inwards; a package is any module that npm brings. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  kernel: ['kernel', 'node'],
  domain: ['kernel', 'domain'],
  application: ['kernel', 'domain', 'application'],
  platform: ['kernel', 'platform', 'node', 'package'],
  infrastructure: ['kernel', 'platform', 'domain', 'application', 'infrastructure', 'node', 'package'],
  index: ['kernel', 'platform', 'domain', 'application', 'infrastructure', 'node', 'package'],
  config: ['kernel', 'config', 'node'],
  version: ['node'],
  compose: ['kernel', 'platform', 'index', 'config', 'version', 'compose', 'node', 'package'],
  cli: ['kernel', 'platform', 'config', 'version', 'compose', 'cli', 'node', 'package'],
  serve: ['kernel', 'platform', 'config', 'version', 'compose', 'serve', 'node'],
  main: ['cli', 'serve'],
  // What a program imports that has the service inside.
  embed: ['platform', 'config', 'version', 'compose', 'serve', 'embed'],
  // What others install: it takes nothing along, and runs in browsers.
  client: ['client'],
  verify: ['verify'],
}

/** Who may import the types of a feature, from its front door, without being in it. */
const acrossFeatures = ['application', 'infrastructure', 'index', 'config', 'cli']

/** The part of the house that a file of `src`, or the module of an import, belongs to, and its feature if it has one. */
function placeOf(path: string): { part: string; feature?: string } {
  if (path.startsWith('node:')) return { part: 'node' }
  if (!path.endsWith('.ts')) return { part: 'package' }
  const [top = '', ...rest] = path.split('/')
  if (rest.length === 0)
    return { part: /^(config|serve|compose|embed)\b/.exec(top)?.[0] ?? top.slice(0, -'.ts'.length) }
  if (['kernel', 'platform', 'client', 'verify', 'cli'].includes(top)) return { part: top }
  const layer = rest[0] ?? ''
  if (rest.length > 1) return { part: layer, feature: top }
  if (layer === 'index.ts') return { part: 'index', feature: top }
  // A flat feature: noun.technology and routes are its adapters.
  return { part: /\.\w+\.ts$|-routes\.ts$/.test(layer) ? 'infrastructure' : 'application', feature: top }
}

const imports =
  /^(?:import|export)\s+(?<type>type\s+)?(?:[\w$*\s{},]+?\s+from\s+)?'(?<from>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm

/** The imports of one file that run against the arrows. */
function violations(path: string, source: string): string[] {
  const here = placeOf(path)
  return [...source.matchAll(imports)].flatMap(({ groups = {} }) => {
    const module = groups.from ?? groups.dynamic ?? ''
    const there = placeOf(module.startsWith('.') ? posix.join(posix.dirname(path), module) : module)
    const isForeign = there.feature !== undefined && there.feature !== here.feature
    const allowed =
      isForeign && here.part !== 'compose'
        ? there.part === 'index' && Boolean(groups.type) && acrossFeatures.includes(here.part)
        : arrows[here.part]?.includes(there.part)
    return allowed ? [] : [`${path} imports ${module}`]
  })
}

const src = fileURLToPath(new URL('../src/', import.meta.url))
const files = globSync('**/*.ts', { cwd: src }).map((path) => {
  const source = readFileSync(join(src, path), 'utf8')
  return { path: path.replaceAll('\\', '/'), source, generated: /^\/\/.*\bgenerated\b/i.test(source) }
})

describe('the arrows', () => {
  it('are kept by every import in src', () => {
    assert.ok(files.length > 50)
    assert.deepEqual(
      files.flatMap(({ path, source }) => violations(path, source)),
      [],
    )
  })

  it('know every part of src', () => {
    for (const { path } of files) assert.ok(placeOf(path).part in arrows, `${path} belongs nowhere`)
  })

  const domain = 'sessions/domain/session.ts'
  const useCase = 'sessions/application/log-out.ts'
  const store = 'sessions/infrastructure/session-store.postgres.ts'
  const fixtures: [path: string, source: string, breaks: boolean][] = [
    ['kernel/clock.ts', "import { inspect } from 'node:util'", false],
    ['kernel/clock.ts', "import { sql } from 'kysely'", true],
    ['kernel/clock.ts', "import { createLog } from '../platform/log.ts'", true],
    ['kernel/clock.ts', "import type { Session } from '../sessions/index.ts'", true],
    [domain, "import type { UserId } from '../../kernel/ids.ts'", false],
    [domain, "import { judge } from './rotation.ts'", false],
    [domain, "import { randomUUID } from 'node:crypto'", true],
    [domain, "import { z } from 'zod'", true],
    [domain, "import type { SessionStore } from '../application/ports.ts'", true],
    [domain, "import { safeInteger } from '../../platform/postgres/safe-integer.ts'", true],
    [useCase, "import { isLive } from '../domain/session.ts'", false],
    [useCase, "import { sessionStorePostgres } from '../infrastructure/session-store.postgres.ts'", true],
    [useCase, "import type { Log } from '../../platform/log.ts'", true],
    [useCase, "import type { Kysely } from 'kysely'", true],
    [useCase, "import { createHmac } from 'node:crypto'", true],
    [useCase, "import type { Audit } from '../../audit/index.ts'", false],
    [useCase, "import { auditPostgres } from '../../audit/index.ts'", true],
    [useCase, "import { type Audit } from '../../audit/index.ts'", true],
    [useCase, "import type { Audit } from '../../audit/ports.ts'", true],
    [useCase, "import type { User } from '../../accounts/domain/user.ts'", true],
    [store, "import {\n  sql,\n  type Selectable,\n} from 'kysely'", false],
    [store, "import { createSessions } from '../index.ts'", true],
    [store, "import type { Config } from '../../config.ts'", true],
    ['sessions/index.ts', "export { TokenAnswer } from './infrastructure/token-answer.ts'", false],
    ['sessions/index.ts', "export * from '../keys/index.ts'", true],
    ['sessions/index.ts', "const late = await import('../compose.ts')", true],
    ['audit/ports.ts', "import { opened } from '../platform/postgres/transact.postgres.ts'", true],
    ['audit/audit.postgres.ts', "import { opened } from '../platform/postgres/transact.postgres.ts'", false],
    ['platform/log.ts', "import type { Config } from '../config.ts'", true],
    ['platform/http/server.ts', "import type { TokenGuards } from '../../sessions/index.ts'", true],
    ['platform/http/server.ts', "import '../../main.ts'", true],
    ['compose.ts', "import { createSessions } from './sessions/index.ts'", false],
    ['compose.ts', "import { sessionStorePostgres } from './sessions/infrastructure/session-store.postgres.ts'", true],
    ['main.ts', "import { createSessions } from './sessions/index.ts'", true],
    ['cli/commands/keys.ts', "import type { Algorithm } from '../../keys/index.ts'", false],
    ['cli/commands/keys.ts', "import { createKeys } from '../../keys/index.ts'", true],
    ['cli/desk.ts', "const late = await import('../compose.ts')", false],
    ['compose.ts', "import { deskOf } from './cli/desk.ts'", true],
    ['client/client.ts', "import { createHash } from 'node:crypto'", true],
    ['verify/verifier.ts', "import { splitCompact } from '../platform/jwt/compact.ts'", true],
  ]
  for (const [path, source, breaks] of fixtures) {
    it(`${breaks ? 'forbid' : 'allow'} ${path}: ${source.replaceAll(/\s+/g, ' ')}`, () => {
      assert.equal(violations(path, `/** A file. */\n${source}\nexport const x = 1\n`).length, breaks ? 1 : 0)
    })
  }
})

describe('a file of src', () => {
  it('has at most 200 lines, unless a program wrote it', () => {
    const long = files.filter(({ source, generated }) => !generated && source.split('\n').length > 201)
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    )
  })

  const empty = /(Service|Manager|Helpers?|Utils?|Impl|Dto|Mapper)$/i
  const declared = /\b(?:class|interface|type|function|const)\s+([A-Za-z_$][\w$]*)/g
  // What runs is a service; a word that says this of something more special says nothing.
  const isEmpty = (name: string) => (empty.test(name) && name.toLowerCase() !== 'service') || /^I[A-Z][a-z]/.test(name)

  it('has no name that says nothing', () => {
    const names = files.flatMap(({ path, source }) => [
      ...basename(path, '.ts').split('.'),
      ...[...source.matchAll(declared)].map(([, name = '']) => name),
    ])
    assert.deepEqual(names.filter(isEmpty), [])
    for (const name of ['UserService', 'token-helper', 'IStore', 'StoreImpl', 'utils']) assert.ok(isEmpty(name), name)
    for (const name of ['Service', 'Issuer', 'IP', 'identify']) assert.ok(!isEmpty(name), name)
  })
})
