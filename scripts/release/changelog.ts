import type { Commit } from './commits.ts'

/** The heading of what is not released yet, with the version that it may name: `## [0.2.0] - Unreleased`, `## [Unreleased]`. */
const open = /^## \[(?:Unreleased\]|(?<version>[\d.]+)\] - Unreleased)[^\n]*\n(?<text>.*?)(?=^## |(?![\s\S]))/ims

/** The version that the changelog announces as the next, if it does. */
export const announced = (changelog: string): string | null => open.exec(changelog)?.groups?.version ?? null

/**
 * The changelog with a section for the version. It has the lines that people wrote for it; where nobody wrote any, those
 * of the commits.
 *
 * @param date of the release, such as 2026-11-24.
 */
export function withRelease(changelog: string, version: string, date: string, commits: readonly Commit[]): string {
  const found = open.exec(changelog)
  const written = found?.groups?.text?.trim() ?? ''
  const section = `## [${version}] - ${date}\n\n${written || linesOf(commits)}\n`
  if (found) {
    const after = changelog.slice(found.index + found[0].length)
    return changelog.slice(0, found.index) + section + (after === '' ? '' : `\n${after}`)
  }
  const first = changelog.search(/^## /m)
  if (first === -1) return `${changelog.trimEnd()}\n\n${section}`
  return `${changelog.slice(0, first)}${section}\n${changelog.slice(first)}`
}

/** The section of a version, without its heading. */
export function sectionOf(changelog: string, version: string): string {
  const [, text = ''] = changelog.split(`## [${version}] - `)
  return text.replace(/^.*\n/, '').split(/^## /m, 1).join('').trim()
}

const kinds: readonly (readonly [heading: string, type: string])[] = [
  ['Added', 'feat'],
  ['Changed', 'perf'],
  ['Fixed', 'fix'],
]

function linesOf(commits: readonly Commit[]): string {
  const breaking = commits.flatMap(({ breaking }) => (breaking === null ? [] : [sentence(breaking)]))
  const sections = [
    ['Breaking', breaking] as const,
    ...kinds.map(([heading, type]) => {
      const lines = commits.filter((commit) => commit.type === type && commit.breaking === null)
      return [heading, lines.map(({ scope, subject }) => sentence(scope ? `${scope}: ${subject}` : subject))] as const
    }),
  ]
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => `### ${heading}\n\n${lines.map((line) => `- ${line}`).join('\n')}`)
    .join('\n\n')
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`
