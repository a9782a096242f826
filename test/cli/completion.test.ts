import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { completionFor } from '../../src/cli/completion.ts'
import { leavesOf, program } from './program.ts'

const isThere = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0

describe('the completion', () => {
  it('for bash offers commands, options and values that fit the words before', { skip: !isThere('bash') }, () => {
    const complete = (line: string) => {
      const words = line.split(' ')
      const array = words.map((word) => `'${word}'`).join(' ')
      const script = `${completionFor('bash', program())}
COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
      assert.equal(stderr, '')
      return stdout.trim().split('\n')
    }
    assert.deepEqual(complete('latchkey us'), ['users'])
    assert.deepEqual(complete('latchkey users d'), ['disable', 'delete'])
    assert.deepEqual(complete('latchkey users list --l'), ['--limit'])
    assert.deepEqual(complete('latchkey users list --email text --a'), ['--after'])
    assert.deepEqual(complete('latchkey --json keys w'), ['withdraw'])
    assert.deepEqual(complete('latchkey users show 7 --j'), ['--json'])
    assert.deepEqual(complete('latchkey completion z'), ['zsh'])
  })

  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    it(`for ${shell} is a script that the shell can read`, {
      skip: !isThere(shell) && `${shell} is not installed`,
    }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-completion-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const file = join(folder, 'completion')
      writeFileSync(file, completionFor(shell, program()))
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
    })

    it(`for ${shell} knows every command and option`, () => {
      const script = completionFor(shell, program())
      for (const { place, command } of leavesOf(program())) {
        assert.ok(script.includes(`'${place}'`) || script.includes(`\\'${place}\\'`), place)
        for (const { long } of command.options) assert.ok(script.includes(String(long).slice(2)), String(long))
      }
    })
  }
})
