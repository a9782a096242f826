import { globSync, readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'

/** A regular expression as it stands in a source. */
export interface Pattern {
  readonly where: string
  readonly regex: RegExp
}

// A literal stands where a value may begin: after one of these, and not after a name, a number or a closing bracket.
const literal =
  /(?<=[=(,:?|&!{}>;]\s*|\breturn |^\s*)\/(?![/*])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/g

/** Every literal regular expression of `src`. */
export function patternsOf(glob: string): Pattern[] {
  return globSync(glob)
    .toSorted()
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, index) => {
          if (/^\s*(\/\/|\/?\*)/.test(line)) return []
          return [...line.matchAll(literal)].map(([, source = '', flags]) => ({
            where: `${file}:${index + 1}`,
            regex: new RegExp(source, flags),
          }))
        }),
    )
}

/** What is repeated. */
const pumps = [
  ...['a', 'A', '0', '.', '-', '_', ' ', '\t', '=', '/', '%', '@', ':', ';', '"', '$', '`', '*', '\\', '\n', '\0', 'é'],
  ...['a.', 'a-', '0a', '{"', '::', ';\n', ', ', '-0', 'PANIC:', 'max-age='],
]

/** What a pattern wants to read before its repetition begins, guessed from its own plain letters. */
export function* beginningsOf(regex: RegExp): Generator<string> {
  yield ''
  const plain = /^\^?((?:[A-Za-z0-9 "{:,$@;=-]|\\[$/{}.])+)/.exec(regex.source)?.[1]?.replaceAll('\\', '')
  if (plain) yield plain
  yield 'Bearer '
  yield 'a@'
  yield 'application/json;charset='
  yield '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-'
}

/**
 * Runs a function, and ends it when it takes too long: an expression whose time grows with the square of its input, or
 * faster, never comes back from inputs of this length.
 *
 * @throws Error after `patience` milliseconds.
 */
export function within<T>(patience: number, work: () => T): T {
  return runInNewContext('work()', { work }, { timeout: patience }) as T
}

/** Tries a reader of texts on repetitions of everything, with an end that makes it look for another way. */
export function pump(read: (text: string) => unknown, beginnings: Iterable<string>, length: number): void {
  for (const beginning of beginnings) {
    for (const piece of pumps) {
      const text = beginning + piece.repeat(Math.ceil(length / piece.length))
      for (const end of ['', '\u0001', '!']) read(text + end)
    }
  }
}
