import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { cliPage } from '../../scripts/generate-cli-docs.ts'
import { leavesOf, program } from './program.ts'

describe('the reference of the command', () => {
  it('is what the program says of itself; `npm run generate:cli` writes it', () => {
    assert.equal(readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8'), cliPage())
  })

  it('has an example for every command', () => {
    for (const { place } of leavesOf(program())) {
      const written: string[] = []
      const [leaf] = leavesOf(program(written)).filter((one) => one.place === place)
      leaf?.command.outputHelp()
      assert.match(written.join(''), /^Examples:\n( {2}\$ .* {2}# .+\n?)+$/m, place)
    }
  })
})
