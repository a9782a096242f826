import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../scripts/release.ts', import.meta.url))
const kustomization = 'deploy/kubernetes/kustomization.yaml'

describe('a release', () => {
  let directory = ''
  const read = (path: string) => readFileSync(join(directory, path), 'utf8')
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  const run = (command: string, ...words: string[]) => {
    // Of nobody in particular: neither the settings nor the hooks of whoever runs the test are in force.
    const who = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
    const names = Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((role) => [
        [`GIT_${role}_NAME`, 'Test'],
        [`GIT_${role}_EMAIL`, 'test@example.com'],
      ]),
    )
    const { PATH } = process.env
    const env = { PATH, HOME: directory, ...who, ...names }
    const { status, stdout, stderr } = spawnSync(command, words, { cwd: directory, encoding: 'utf8', env })
    return { status, stdout: stdout.trim(), stderr: stderr.trim() }
  }
  const git = (...words: string[]) => {
    const { status, stdout, stderr } = run('git', ...words)
    assert.equal(status, 0, stderr)
    return stdout
  }
  const commit = (message: string) => git('commit', '--quiet', '--allow-empty', '--message', message)
  const release = (...words: string[]) => run(process.execPath, script, ...words)
  const state = () => [git('rev-parse', 'HEAD'), git('tag'), git('status', '--porcelain')]

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'latchkey-release-'))
    const about = { name: 'latchkey', version: '0.1.0', license: 'MIT', dependencies: { needed: '1.0.0' } }
    const packages = {
      '': about,
      'node_modules/needed': { version: '1.0.0', integrity: 'sha512-aaaa', license: 'MIT' },
    }
    write('package.json', `${JSON.stringify(about, null, 2)}\n`)
    write('package-lock.json', JSON.stringify({ ...about, lockfileVersion: 3, requires: true, packages }, null, 2))
    write('CHANGELOG.md', '# Changelog\n\n## [0.1.0] - Unreleased\n\n- All.\n')
    write('.ci/run', 'echo checked >>checks.log\n')
    write('.gitignore', 'checks.log\n')
    write(kustomization, 'images:\n  - name: latchkey\n    newTag: 0.1.0\n')
    git('init', '--quiet', '--initial-branch=main')
    git('add', '--all')
    commit('feat: the first')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  test('is checked, written, committed and tagged, the first as package.json says and the next by the commits', () => {
    const first = release()
    assert.equal(first.status, 0, first.stderr)
    assert.match(first.stdout, /npm pack && npm publish \.\/latchkey-0\.1\.0\.tgz --provenance/)
    assert.equal(git('tag'), 'v0.1.0')
    assert.equal(git('log', '-1', '--format=%s'), 'chore: 0.1.0 is released')

    commit('docs: a page')
    commit('fix: it works')
    commit('feat: it is there')
    const second = release()
    assert.equal(second.status, 0, second.stderr)
    assert.equal(
      git('tag', '--list', 'v0.2.0', '--format=%(objecttype) %(*objectname)'),
      `tag ${git('rev-parse', 'HEAD')}`,
    )
    const versions = [read('package.json'), read('package-lock.json')].map((text) => JSON.parse(text).version)
    assert.deepEqual(versions, ['0.2.0', '0.2.0'])
    assert.match(read(kustomization), /newTag: 0\.2\.0\n/)
    assert.match(
      read('CHANGELOG.md'),
      /## \[0\.2\.0\] - [\d-]{10}\n\n### Added\n\n- It is there\.\n\n### Fixed\n\n- It works\.\n\n## \[0\.1\.0\]/,
    )
    const { bomFormat, metadata, components } = JSON.parse(read('sbom.cdx.json'))
    assert.deepEqual(
      [bomFormat, metadata.component.name, metadata.component.version],
      ['CycloneDX', 'latchkey', '0.2.0'],
    )
    assert.deepEqual(
      components.map(({ purl }: { purl: string }) => purl),
      ['pkg:npm/needed@1.0.0'],
    )
    assert.equal(git('status', '--porcelain'), '')
    assert.equal(read('checks.log'), 'checked\nchecked\n')
  })

  test('is shown whole by a dry run, which changes nothing and runs no check', () => {
    const before = state()
    const { status, stdout } = release('--dry-run')
    assert.equal(status, 0)
    for (const part of ['0.1.0, of 1 commits', 'the first', '- All.', 'sbom.cdx.json'])
      assert.ok(stdout.includes(part), part)
    assert.deepEqual(state(), before)
    assert.ok(!existsSync(join(directory, 'checks.log')))
  })

  const afterRelease = (message: string) => {
    assert.equal(release().status, 0)
    commit(message)
  }
  const refused: [name: string, prepare: () => unknown, words: string[], why: RegExp][] = [
    [
      'with changes that are not committed',
      () => appendFileSync(join(directory, 'CHANGELOG.md'), '\n'),
      [],
      /not clean:\n M CHANGELOG\.md/,
    ],
    ['with files that nobody added', () => write('new.txt', ''), [], /not clean:\n\?\? new\.txt/],
    ['off main', () => git('switch', '--quiet', '--create', 'work'), [], /made on main, and this is work/],
    ['without a branch', () => git('switch', '--quiet', '--detach'), [], /made on main, and this is no branch/],
    [
      'that the changelog does not expect',
      () => {},
      ['--version', '0.3.0'],
      /announces 0\.1\.0, and the commits make 0\.3\.0/,
    ],
    ['of what is no version', () => {}, ['--version', 'v1'], /v1 is no version/],
    ['with words that it does not know', () => {}, ['--publish'], /Unknown option '--publish'/],
    [
      'without anything that a user would notice',
      () => afterRelease('docs: a page'),
      [],
      /Nothing that a user would notice/,
    ],
    ['of the past', () => afterRelease('feat: more'), ['--version', '0.0.9'], /0\.0\.9 is not later than 0\.1\.0/],
  ]
  for (const [name, prepare, words, why] of refused) {
    test(`is refused ${name}`, () => {
      prepare()
      const before = state()
      const { status, stderr } = release(...words)
      assert.equal(status, 1)
      assert.match(stderr, why)
      assert.deepEqual(state(), before)
    })
  }

  test('is refused while the checks are not green', () => {
    write('.ci/run', 'exit 3\n')
    git('commit', '--quiet', '--all', '--message', 'test: it fails')
    const before = state()
    const { status, stderr } = release()
    assert.equal(status, 1)
    assert.match(stderr, /checks are not green: nothing was changed/)
    assert.deepEqual(state(), before)
  })

  test('is refused when the checks left something behind, or main moved while they ran', () => {
    for (const [line, why] of [
      ['echo x > left.txt', /not clean:\n\?\? left\.txt/],
      ['git commit --quiet --allow-empty --message "feat: meanwhile"', /main has moved/],
    ] as const) {
      write('.ci/run', `${line}\n`)
      git('commit', '--quiet', '--all', '--message', 'test: another run')
      const { status, stderr } = release()
      assert.equal(status, 1)
      assert.match(stderr, why)
      assert.equal(git('tag'), '')
      rmSync(join(directory, 'left.txt'), { force: true })
    }
  })

  test('takes back what it wrote when it can not go on', () => {
    // Git refuses a tag whose name is taken by a folder of tags.
    git('tag', 'v0.1.0/taken')
    const before = state()
    const { status, stderr } = release()
    assert.equal(status, 1)
    assert.match(stderr, /git tag .* failed/)
    assert.deepEqual(state(), before)
    assert.ok(!existsSync(join(directory, 'sbom.cdx.json')))
  })
})
