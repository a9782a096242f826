/**
 * Makes the site of the documentation from the Markdown in `docs`, and of the pages beside it, in the folder `site`. A link
 * that leads nowhere fails it.
 */
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { deadLinks } from './links.ts'
import { render } from './markdown.ts'
import { navigationOf } from './navigation.ts'
import { addressOf, addressOfFile, isImage, outside, wayTo } from './places.ts'
import { escapeHtml, layOut, type Page } from './template.ts'

const root = join(import.meta.dirname, '..', '..')

/** @returns what leads nowhere; the site is whole where that is nothing. */
export function buildSite(directory: string): string[] {
  const sources = [...globSync('docs/**/*.md', { cwd: root }).map(slashed), ...outside].toSorted()
  const needed = new Set<string>()
  const missing: string[] = []
  const pages = sources.map((source): Page => {
    const address = addressOf(source)
    const rendered = render(readFileSync(join(root, source), 'utf8'), (target) => {
      const [path = '', place] = target.split('#')
      const file = path === '' ? source : posix.join(posix.dirname(source), decodeURIComponent(path))
      if (!sources.includes(file)) {
        if (existsSync(join(root, file)) && statSync(join(root, file)).isFile()) needed.add(file)
        else missing.push(`${source} leads to ${target}`)
      }
      const way = path === '' ? '' : wayTo(sources.includes(file) ? addressOf(file) : addressOfFile(file), address)
      return place === undefined ? way : `${way}#${place}`
    })
    return { address, ...rendered }
  })
  const groups = navigationOf(pages)
  const files = new Map<string, string | null>([['style.css', null]])
  for (const page of [...pages, ...[...needed].filter((file) => !isImage(file)).map(pageOfFile)]) {
    files.set(page.address, layOut(page, groups))
  }
  const images = [...needed].filter(isImage)
  for (const image of images) files.set(addressOfFile(image), null)

  rmSync(directory, { recursive: true, force: true })
  for (const [address, html] of files) {
    mkdirSync(dirname(join(directory, address)), { recursive: true })
    if (html !== null) writeFileSync(join(directory, address), html)
  }
  copyFileSync(join(import.meta.dirname, 'style.css'), join(directory, 'style.css'))
  for (const image of images) copyFileSync(join(root, image), join(directory, addressOfFile(image)))
  return [...missing, ...deadLinks(files)]
}

const slashed = (path: string) => path.replaceAll('\\', '/')

/** A file of the repository that a page leads to, to be read. */
function pageOfFile(file: string): Page {
  const code = escapeHtml(readFileSync(join(root, file), 'utf8'))
  const html = `<h1>${escapeHtml(file)}</h1>\n<pre tabindex="0"><code>${code}</code></pre>\n`
  return { address: addressOfFile(file), title: file, html, headings: [] }
}

if (import.meta.main) {
  const dead = buildSite(join(root, 'site'))
  for (const one of dead) console.error(`docs: ${one}`)
  if (dead.length > 0) process.exitCode = 1
  else console.log('The site is in the folder site: open site/index.html.')
}
