import { spawnSync } from 'node:child_process'

/** Why nothing was released: a sentence for the person who asked. */
export class ReleaseRefused extends Error {}

export const refuse = (why: string): never => {
  throw new ReleaseRefused(why)
}

/** What a program prints. @throws ReleaseRefused with what it complains of. */
export function output(command: string, ...words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status === 0) return stdout.trimEnd()
  return refuse(`${[command, ...words].join(' ')} failed: ${error?.message ?? stderr.trim()}`)
}

export const git = (...words: readonly string[]): string => output('git', ...words)

/** Runs the checks before everybody's eyes, and says whether they passed. */
export const passes = (command: string, ...words: readonly string[]): boolean =>
  spawnSync(command, words, { stdio: 'inherit' }).status === 0

/** @throws ReleaseRefused unless all that is here is committed, on `main`. */
export function expectCleanMain(): void {
  const branch = git('branch', '--show-current')
  if (branch !== 'main') refuse(`Releases are made on main, and this is ${branch || 'no branch'}.`)
  const changes = git('status', '--porcelain')
  if (changes !== '') refuse(`The tree is not clean:\n${changes}`)
}

/** The newest release behind this commit, such as `v0.2.0`; null before the first. */
export function lastRelease(): string | null {
  const tags = git('tag', '--merged', 'HEAD', '--sort=-version:refname', '--list', 'v[0-9]*').split('\n')
  return tags.find((tag) => /^v\d+\.\d+\.\d+$/.test(tag)) ?? null
}

/** First line and rest of each commit since a tag, or of all; the newest first. */
export function messagesSince(tag: string | null): { first: string; rest: string }[] {
  const range = tag === null ? 'HEAD' : `${tag}..HEAD`
  const log = git('log', '--no-merges', '--format=%s%x1f%b%x1e', range)
  return log
    .split('\x1e')
    .map((one) => one.trim().split('\x1f'))
    .filter(([first]) => first)
    .map(([first = '', rest = '']) => ({ first, rest }))
}
