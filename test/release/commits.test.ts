import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { announced, sectionOf, withRelease } from '../../scripts/release/changelog.ts'
import { nextVersion, readCommit } from '../../scripts/release/commits.ts'
import { withoutTools } from '../../scripts/release/parts.ts'

const commits = (...firsts: string[]) => firsts.map((first) => readCommit(first, ''))

describe('the next version', () => {
  const table: [current: string, firsts: string[], next: string | null][] = [
    ['0.1.0', ['docs: a page', 'test: a test', 'chore: a tool', 'Merge branch x'], null],
    ['0.1.0', ['fix: it works', 'docs: a page'], '0.1.1'],
    ['0.1.9', ['perf: it is fast'], '0.1.10'],
    ['0.1.1', ['fix: it works', 'feat(cli): it is there'], '0.2.0'],
    ['0.9.3', ['feat!: it is another'], '0.10.0'],
    ['1.2.3', ['feat: it is there'], '1.3.0'],
    ['1.2.3', ['chore!: Node 24 is needed', 'feat: it is there'], '2.0.0'],
    ['1.2.3', ['feature: no type that is known', 'fix:no space'], null],
  ]
  for (const [current, firsts, next] of table) {
    test(`after ${current} is ${next ?? 'none'} for ${firsts.join(' | ')}`, () => {
      assert.equal(nextVersion(current, commits(...firsts)), next)
    })
  }

  test('breaks where a footer says so, and what it says is kept', () => {
    const one = readCommit('fix: it works', 'Because.\n\nBREAKING CHANGE: tokens of before\nare refused.\n\nSee: a')
    assert.equal(one.breaking, 'tokens of before are refused.')
    assert.equal(nextVersion('1.0.0', [one]), '2.0.0')
    assert.equal(readCommit('fix: it works', 'no BREAKING CHANGE: here').breaking, null)
  })

  test('is not guessed from what is no version', () => {
    for (const text of ['1.2', 'v1.2.3', '01.2.3', '1.2.3-beta.1']) assert.throws(() => nextVersion(text, []))
  })
})

describe('the changelog', () => {
  const old = '# Changelog\n\nWords.\n\n## [0.1.0] - 2026-01-01\n\n- Old.\n'

  test('keeps what people wrote for a release, under its version and date', () => {
    for (const heading of ['## [Unreleased]', '## [0.2.0] - Unreleased']) {
      const before = old.replace('## [0.1.0]', `${heading}\n\n### Added\n\n- Written.\n\n## [0.1.0]`)
      const after = withRelease(before, '0.2.0', '2026-02-02', commits('feat: not this'))
      assert.equal(after, old.replace('## [0.1.0]', '## [0.2.0] - 2026-02-02\n\n### Added\n\n- Written.\n\n## [0.1.0]'))
      assert.equal(sectionOf(after, '0.2.0'), '### Added\n\n- Written.')
    }
  })

  test('has the lines of the commits where nobody wrote any', () => {
    const all = [
      ...commits('feat(cli): it is there', 'fix: it works', 'docs: no', 'perf: fast.', 'feat!: it is another'),
    ]
    const after = withRelease(old, '0.2.0', '2026-02-02', all)
    assert.equal(
      sectionOf(after, '0.2.0'),
      [
        ...['### Breaking', '- It is another.', '### Added', '- Cli: it is there.'],
        ...['### Changed', '- Fast.', '### Fixed', '- It works.'],
      ].join('\n\n'),
    )
    assert.ok(after.endsWith('\n\n## [0.1.0] - 2026-01-01\n\n- Old.\n'))
  })

  test('takes the first release of all, whose section is the last', () => {
    const before = '# Changelog\n\n## [0.1.0] - Unreleased\n\n### Added\n\n- Written.\n'
    assert.equal(announced(before), '0.1.0')
    assert.equal(announced(old), null)
    assert.equal(
      withRelease(before, '0.1.0', '2026-02-02', []),
      '# Changelog\n\n## [0.1.0] - 2026-02-02\n\n### Added\n\n- Written.\n',
    )
  })
})

describe('the bill of materials', () => {
  test('has what is shipped, also where a tool needs it too, and no tool', () => {
    const part = (name: string) => ({ 'bom-ref': `${name}@1.0.0`, name, version: '1.0.0', properties: [{ dev: 1 }] })
    const bill = {
      metadata: { component: { ...part('folder'), 'bom-ref': 'a@1.0.0' } },
      components: [part('tool'), part('pg'), part('deep')],
      dependencies: [
        { ref: 'a@1.0.0', dependsOn: ['tool@1.0.0', 'pg@1.0.0'] },
        { ref: 'tool@1.0.0', dependsOn: ['pg@1.0.0'] },
        { ref: 'pg@1.0.0', dependsOn: ['deep@1.0.0'] },
      ],
    }
    const packages = {
      '': { version: '1.0.0' },
      'node_modules/tool': { version: '1.0.0', dev: true },
      'node_modules/pg': { version: '1.0.0' },
      'node_modules/pg/node_modules/deep': { version: '1.0.0' },
    }
    const { metadata, components, dependencies } = withoutTools(bill, { packages }, 'a')
    assert.equal(metadata.component.name, 'a')
    assert.deepEqual(
      components.map(({ name, properties }) => [name, properties.length]),
      [
        ['pg', 0],
        ['deep', 0],
      ],
    )
    assert.deepEqual(dependencies, [
      { ref: 'a@1.0.0', dependsOn: ['pg@1.0.0'] },
      { ref: 'pg@1.0.0', dependsOn: ['deep@1.0.0'] },
    ])
  })
})
