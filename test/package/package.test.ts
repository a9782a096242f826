import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { unbundled } from '../../scripts/build.ts'
import { variables } from '../config-variables.ts'
import { startProcess } from '../support/processes.ts'
import { installed, npm, packedTarball, root } from './packed.ts'

const run = promisify(execFile)

describe('the tarball of npm pack', () => {
  let tarball: Awaited<ReturnType<typeof packedTarball>>
  let directory = ''
  let manifest: Record<string, never>
  const inside = (...path: string[]) => join(directory, 'node_modules', 'latchkey', ...path)

  before(async () => {
    tarball = await packedTarball()
    ;({ directory, manifest } = await installed(tarball.path))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  test('has the build, its types and its papers, and nothing of the sources and tests', async () => {
    const files = (await readdir(inside(), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(inside().length + 1))
    for (const file of [
      'bin/latchkey.mjs',
      'dist/main.js',
      'dist/licenses.txt',
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
    ])
      assert.ok(files.includes(join(file)), file)
    const foreign = files.filter((file) => /(?<!\.d)\.ts$|\.map$|test/.test(file))
    assert.deepEqual(foreign, [])
  })

  test('needs the packages that the build does not hold, in the versions that are tested, and no other', async () => {
    const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    assert.deepEqual(manifest.dependencies, Object.fromEntries(unbundled.map((name) => [name, dependencies[name]])))
    const stranger = ['private', 'devDependencies', 'allowScripts'].filter((field) => field in manifest)
    assert.deepEqual(stranger, [])
    assert.deepEqual(Object.keys(manifest.scripts ?? {}), ['prepack', 'postpack', 'prepublishOnly'])
  })

  test('has the licence of every package whose code is in it', async () => {
    const text = await readFile(inside('dist', 'licenses.txt'), 'utf8')
    for (const name of ['fastify', 'kysely', 'pg', 'pino', 'typebox', 'commander']) {
      const { version } = JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8'))
      assert.match(text, new RegExp(`^${name} ${version.replaceAll('.', '\\.')}: [\\w.-]+\n\n.*copyright`, 'ims'))
    }
  })

  test('pleases publint', async () => {
    const { messages } = await publint({ pack: { tarball: tarball.bytes.buffer }, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, manifest)),
      [],
    )
  })

  test('has types that every resolution of today finds, and that match the code', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball.bytes)))
    assert.ok(analysis.types)
    assert.deepEqual(Object.keys(analysis.entrypoints).toSorted(), ['.', './client', './package.json', './verify'])
    // Modules of the newer kind alone, so TypeScript 4.6 and older do not find them, and `require` needs Node 20.19.
    const foreign = analysis.problems.filter(
      (problem) =>
        problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    )
    assert.deepEqual(foreign, [])
  })

  for (const [name, module] of Object.entries({ node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' })) {
    test(`type-checks in a program with the resolution ${name}, and with nothing but the language's own types`, async () => {
      await cp(join(root, 'test', 'package', 'consumer.txt'), join(directory, 'consumer.mts'))
      const config = {
        compilerOptions: {
          ...{ module, moduleResolution: name, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
          ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false },
        },
        files: ['consumer.mts'],
      }
      await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
      const { stdout } = await run(
        process.execPath,
        [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', directory],
        { cwd: directory },
      ).catch((error) => error)
      assert.equal(stdout, '')
    })
  }

  test('is a command: tells its version, serves on the embedded database, and has nothing to complain of', async () => {
    const { stdout } = await npm(['exec', '--offline', '--', 'latchkey', '--version'], directory)
    assert.equal(stdout.trim(), JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version)
    const DATA_DIR = join(directory, 'data')
    const examine = async () => {
      const env = { PATH: process.env.PATH, DATA_DIR }
      const words = [inside('bin', 'latchkey.mjs'), 'doctor', '--json']
      const { stdout } = await run(process.execPath, words, { env, cwd: directory }).catch((error) => error)
      return JSON.parse(stdout).findings.filter(
        ({ check, severity }: { check: string; severity: string }) =>
          // What the machine of the test has, not the package: its user, its speed, its limits.
          !['rights', 'hashing', 'open-files', 'disk'].includes(check) && ['warning', 'error'].includes(severity),
      )
    }
    assert.deepEqual(await examine(), [])
    await using service = await startProcess('', { DATA_DIR, SECRET_KEY: '' }, [inside('bin', 'latchkey.mjs')])
    assert.equal((await service.call('GET', '/health/ready')).status, 200)
    assert.equal((await fetch(`${service.url}/api/docs/static/swagger-ui.css`)).status, 200)
    await service.stop()
    assert.deepEqual(await examine(), [])
  })

  test('runs inside another program, which ends when it is closed', async () => {
    const code = `
      import { ConfigError, createLatchkey, version } from 'latchkey'
      const lines = []
      const wrong = await createLatchkey({ PORT: 'x' }).catch((error) => error)
      const several = await createLatchkey({ WORKERS: '2', DATABASE_URL: 'postgres://a/b' }).catch((error) => error)
      const settings = { PORT: '0', PUBLIC_URL: 'http://localhost:1602', DATA_DIR: 'inside' }
      const latchkey = await createLatchkey(settings, { writeLog: (line) => lines.push(JSON.parse(line)) })
      const url = await latchkey.listen()
      const statuses = [(await fetch(url + '/health/ready')).status]
      latchkey.leave()
      statuses.push((await fetch(url + '/health/ready')).status)
      await Promise.all([latchkey.close(), latchkey.close()])
      const refused = [wrong, several].map((error) => error instanceof ConfigError && error.problems)
      console.log(JSON.stringify({ version, statuses, refused, logged: lines.length > 0 }))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: directory })
    const { version, statuses, refused, logged } = JSON.parse(stdout)
    assert.equal(version, manifest.version)
    assert.deepEqual(statuses, [200, 503])
    assert.match(refused[0][0], /^PORT must be /)
    assert.match(refused[1][0], /^WORKERS must be 1 /)
    assert.ok(logged)
  })

  test('knows every variable of the configuration as a setting, but those of the command', async () => {
    const text = await readFile(inside('dist', 'embed-contract.d.ts'), 'utf8')
    const [, settings = ''] = /interface Settings \{(.*?)^\}/ms.exec(text) ?? []
    const names = [...settings.matchAll(/readonly (\w+)\?/g)].map(([, name = '']) => name)
    // Those of the command: `createLatchkey` refuses the last two, and the first says nothing without the second.
    const foreign = ['ADMIN_HOST', 'ADMIN_PORT', 'CONFIG_FILE']
    assert.deepEqual([...names, ...foreign].toSorted(), Object.keys(variables).toSorted())
  })
})
