import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { previousRelease } from '../support/previous-release.ts'

test('the release before this one is the newest tag of a version, and no other tag', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'latchkey-tags-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...words], { cwd })
  const commit = () => git('commit', '--quiet', '--allow-empty', '--message', 'feat: more')
  git('init', '--quiet')
  commit()
  git('tag', 'measured')
  assert.equal(await previousRelease(cwd), null)
  git('tag', 'v0.1.0')
  assert.equal(await previousRelease(cwd), 'v0.1.0')
  commit()
  git('tag', 'vendor-update')
  commit()
  git('tag', 'v0.2.0')
  assert.equal(await previousRelease(cwd), 'v0.1.0')
  commit()
  assert.equal(await previousRelease(cwd), 'v0.2.0')
})
