import type { Heading } from './markdown.ts'
import type { Group } from './navigation.ts'
import { wayTo } from './places.ts'

export interface Page {
  readonly address: string
  readonly title: string
  readonly html: string
  readonly headings: readonly Heading[]
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** A whole page: no scripts, nothing from elsewhere. */
export function layOut({ address, title, html, headings }: Page, groups: readonly Group[]): string {
  const to = (other: string) => escapeHtml(wayTo(other, address))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(title === 'Latchkey' ? title : `${title} - Latchkey`)}</title>
<link rel="stylesheet" href="${to('style.css')}">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><a href="${to('index.html')}">Latchkey</a></header>
<details class="menu"><summary>Menu</summary>${menu(groups, address)}</details>
<nav class="side" aria-label="Pages">${menu(groups, address)}</nav>
<main id="content">
${onThisPage(headings)}<article>
${html}</article>
${neighbours(groups, address)}</main>
</body>
</html>
`
}

function menu(groups: readonly Group[], address: string): string {
  const lists = groups.map(({ title, folded, entries }) => {
    const here = entries.some((entry) => entry.address === address)
    const items = entries.map((entry) => {
      const current = entry.address === address ? ' aria-current="page"' : ''
      return `<li><a href="${escapeHtml(wayTo(entry.address, address))}"${current}>${escapeHtml(entry.title)}</a></li>`
    })
    const list = `<ul>${items.join('')}</ul>`
    if (!folded) return `<p>${title}</p>${list}`
    return `<details${here ? ' open' : ''}><summary>${title}</summary>${list}</details>`
  })
  return lists.join('\n')
}

function onThisPage(headings: readonly Heading[]): string {
  const parts = headings.filter(({ level }) => level === 2)
  if (parts.length < 3) return ''
  const items = parts.map(({ id, text }) => `<li><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`)
  return `<nav class="parts" aria-label="On this page"><p>On this page</p><ul>${items.join('')}</ul></nav>\n`
}

/** The page before and the page after, in the order of the menu. */
function neighbours(groups: readonly Group[], address: string): string {
  const all = groups.flatMap(({ entries }) => entries)
  const at = all.findIndex((entry) => entry.address === address)
  const link = (entry: (typeof all)[number] | undefined, rel: 'prev' | 'next') =>
    entry
      ? `<a rel="${rel}" href="${escapeHtml(wayTo(entry.address, address))}">${escapeHtml(entry.title)}</a>`
      : '<span></span>'
  return at === -1 ? '' : `<footer>${link(all[at - 1], 'prev')}${link(all[at + 1], 'next')}</footer>\n`
}
