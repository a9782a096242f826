/** What the commits since a version say about the next one. The form of a commit is that of CONTRIBUTING.md. */

export interface Commit {
  /** `feat`, `fix`, `perf`, `docs` and so on; null where the first line has no such form. */
  readonly type: string | null
  readonly scope: string | null
  readonly subject: string
  /** Whether a user has to do something, and what, as the commit says it. */
  readonly breaking: string | null
}

const header = /^(?<type>[a-z]+)(?:\((?<scope>[^()]+)\))?(?<mark>!)?: (?<subject>\S.*)$/
const footer = /^BREAKING[ -]CHANGE: (?<what>(?:.+\n?)+)/m

/** A commit as Conventional Commits 1.0.0 reads it, from its first line and the rest of its message. */
export function readCommit(first: string, rest: string): Commit {
  const { type = null, scope = null, mark, subject = first } = header.exec(first)?.groups ?? {}
  const said = footer.exec(rest)?.groups?.what?.trim().replaceAll('\n', ' ')
  return { type, scope, subject, breaking: said ?? (mark ? subject : null) }
}

const version = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/

/** The three numbers of a version; null for what is none, and for versions before a version. */
export function readVersion(text: string): readonly [number, number, number] | null {
  const [, major, minor, patch] = version.exec(text) ?? []
  return patch === undefined ? null : [Number(major), Number(minor), Number(patch)]
}

/**
 * The version after this one, by Semantic Versioning; null where no commit changes what a user has. Before 1.0.0 a
 * change that breaks something raises the second number.
 */
export function nextVersion(current: string, commits: readonly Commit[]): string | null {
  const read = readVersion(current)
  if (read === null) throw new Error(`${current} is no version`)
  const [major, minor, patch] = read
  const has = (...types: string[]) => commits.some(({ type }) => type !== null && types.includes(type))
  if (commits.some(({ breaking }) => breaking !== null)) {
    return major === 0 ? `0.${minor + 1}.0` : `${major + 1}.0.0`
  }
  if (has('feat')) return `${major}.${minor + 1}.0`
  return has('fix', 'perf') ? `${major}.${minor}.${patch + 1}` : null
}
