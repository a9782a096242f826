/** Where a file of the repository stands in the site. Paths are relative, with slashes, to either. */
import { posix } from 'node:path'

/** The pages that are not in `docs` and belong to the site. */
export const outside = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'bench/README.md']

/** The address of a page: `docs/a/b.md` is `a/b.html`, and what is beside `docs` stands under `repository`. */
export function addressOf(path: string): string {
  const inside = path.startsWith('docs/') ? path.slice('docs/'.length) : posix.join('repository', path)
  return inside === 'README.md' ? 'index.html' : inside.replace(/\.md$/, '.html').toLowerCase()
}

/** The address of a file that is no page: an image lies there as it is, a source as a page that shows it. */
export function addressOfFile(path: string): string {
  if (isImage(path)) return addressOf(path)
  return `files/${path}.html`
}

export const isImage = (path: string): boolean => /\.(?:svg|png)$/.test(path)

/** The way from one address to another. */
export function wayTo(to: string, from: string): string {
  const way = posix.relative(posix.dirname(from), to)
  return way === '' ? posix.basename(to) : way
}
