/** Writes the tables of `docs/metrics.md` from the metrics themselves. A test holds the two in step. */
import { readFileSync, writeFileSync } from 'node:fs'
import { definitions } from '../src/platform/metrics/definitions.ts'
import { createMetrics } from '../src/platform/metrics/metrics.prometheus.ts'

const page = new URL('../docs/metrics.md', import.meta.url)
const own = /^latchkey_/

/** The page as it must be, given the page as it is. */
export async function metricsPage(written = readFileSync(page, 'utf8')): Promise<string> {
  const ours = Object.values(definitions).map(({ name, kind, labels, help }) => {
    const shown = labels.length === 0 ? '' : labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${kind} | ${shown} | ${help} |`
  })
  const told = await createMetrics('').tell()
  const others = told
    .filter(({ name }) => !own.test(name))
    .map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help.replaceAll('|', '\\|')} |`)
  return [
    ['own', ['| metric | kind | labels | what it is |', '|---|---|---|---|', ...ours]],
    ['process', ['| metric | kind | what it is |', '|---|---|---|', ...others]],
  ].reduce((text, [name, lines]) => between(text, String(name), lines as string[]), written)
}

function between(text: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)]
  if (start === -1 || stop < start) throw new Error(`docs/metrics.md has no place for ${name}`)
  return `${text.slice(0, start + begin.length)}\n\n${lines.join('\n')}\n\n${text.slice(stop)}`
}

if (import.meta.main) writeFileSync(page, await metricsPage())
