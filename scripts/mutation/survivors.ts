/** One change of one place in a source file, as the report of a run tells it (mutation testing report schema). */
export interface Mutant {
  readonly status: 'Killed' | 'Survived' | 'NoCoverage' | 'Timeout' | 'CompileError' | 'RuntimeError' | 'Ignored'
  readonly replacement?: string
  readonly location: { readonly start: Position; readonly end: Position }
}

/** Both counted from 1. */
interface Position {
  readonly line: number
  readonly column: number
}

export interface Mutated {
  readonly source: string
  readonly mutants: readonly Mutant[]
}

const noticed = ['Killed', 'Timeout']
const unnoticed = ['Survived', 'NoCoverage']

/** How many per cent of the mutants were noticed; a mutant that could not run at all counts for nothing. */
export function scoreOf(what: string, mutants: readonly Mutant[]): { score: number; text: string } {
  const killed = mutants.filter(({ status }) => noticed.includes(status)).length
  const survived = mutants.filter(({ status }) => unnoticed.includes(status)).length
  const score = killed + survived === 0 ? 100 : (100 * killed) / (killed + survived)
  return { score, text: `${what}: ${killed} of ${killed + survived} mutants noticed, ${score.toFixed(2)} %` }
}

/** The mutants of a file that no test noticed, each as `path: original → replacement` on one line. */
export function survivorsOf(path: string, { source, mutants }: Mutated): string[] {
  const lines = source.split('\n')
  return mutants
    .filter(({ status }) => unnoticed.includes(status))
    .map(({ location: { start, end }, replacement = '' }) => {
      const touched = lines.slice(start.line - 1, end.line)
      touched.push((touched.pop() ?? '').slice(0, end.column - 1))
      const original = touched.join('\n').slice(start.column - 1)
      return `${path}: ${oneLine(original)} → ${oneLine(replacement)}`
    })
}

/** The survivors that the table of a page names: rows of file, mutation in back quotes, reason. */
export function namedSurvivors(page: string): string[] {
  const rows = page.matchAll(/^\| `(?<path>[^`]+)` \| `` ?(?<mutation>.+?) ?`` \| .+ \|$/gm)
  return [...rows].map(({ groups }) => `${groups?.path}: ${groups?.mutation?.replaceAll('\\|', '|')}`)
}

/** What `some` has more of than `others`: code that stands in a file twice may survive there twice. */
export function surplus(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return some.filter((one) => {
    const index = left.indexOf(one)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}

const oneLine = (code: string) => code.replaceAll(/\s+/g, ' ').trim()
