import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { cliPage } from '../../scripts/generate-cli-docs.ts'
import { leavesOf, program } from './program.ts'

/** One command of a line for a shell, up to where its output goes. */
const aCall = /^(?:\$ )?(?:\w+=\S* )*(?:(?:npx )?latchkey|npm start --|.*\bdist\/main\.js)(?<words>$|\s[^<>)]*)/

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

describe('the lines for a shell', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })]
  const lines = pages.flatMap((page) =>
    commandLines(readFileSync(`${root}${page}`, 'utf8')).map((words) => ({ page, words })),
  )

  it('are found: indented ones, continued ones, and those behind a pipe, a variable or npm', () => {
    const page = [
      '1. So:',
      '   ```bash',
      "   pass show 'a | b' | A=1 latchkey users create \\",
      '     jane@example.com > out # latchkey nonsense',
      '   npm start -- audit verify; npx latchkey & node dist/main.js doctor --json',
      '   psql -U latchkey',
      '   ```',
      'latchkey nonsense',
    ]
    assert.deepEqual(commandLines(page.join('\n')), [
      ['users', 'create', 'jane@example.com'],
      ['audit', 'verify'],
      [],
      ['doctor', '--json'],
    ])
    assert.ok(lines.length > 70, `${lines.length} lines`)
  })

  it('are commands, options, arguments and values that there are', () => {
    for (const { page, words } of lines) assert.equal(misunderstood(words), null, `${page}: ${words.join(' ')}`)
    assert.match(misunderstood(['users', 'import', 'x', '--firebase-signer-key', 'x']) ?? '', /unknown option/)
  })
})

/** The words behind `latchkey` wherever it is a command in a page's fenced code. */
function commandLines(page: string): string[][] {
  const blocks = [...page.matchAll(/^( *)```\w*\n(.*?)^\1```$/gms)].map(([, , block = '']) => block)
  const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
  return lines.flatMap((line) => {
    const bare = line.replace(/(^|\s)# .*/, '').replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"/g, 'quoted')
    const calls = bare.split(/[|;&(]/).map((part) => aCall.exec(part.trim())?.groups?.words)
    return calls.flatMap((words) => (words === undefined ? [] : [words.split(/\s+/).filter(Boolean)]))
  })
}

/** What the program finds wrong with a command line, or null; nothing is done. */
function misunderstood(words: readonly string[]): string | null {
  // The program without words serves.
  if (words.length === 0) return null
  const parsing = program()
  for (const { command } of leavesOf(parsing)) command.action(() => undefined)
  try {
    parsing.parse(words, { from: 'user' })
    return null
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? null : error.message
  }
}
