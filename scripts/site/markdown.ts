import markdownIt, { type Token } from 'markdown-it'

export interface Heading {
  readonly level: number
  readonly id: string
  readonly text: string
}

export interface Rendered {
  readonly html: string
  readonly title: string
  readonly headings: readonly Heading[]
}

/** @param follow gives the address for a link or an image of the page; what lies elsewhere stays as it is. */
export function render(text: string, follow: (target: string) => string): Rendered {
  // No HTML: what a page can do is what Markdown can.
  const markdown = markdownIt({ html: false })
  const tokens = markdown.parse(text, {})
  const headings = numberHeadings(tokens)
  for (const token of tokens.flatMap((one) => [one, ...(one.children ?? [])])) {
    for (const name of ['href', 'src']) {
      const target = token.attrGet(name)
      if (typeof target === 'string' && !isElsewhere(target)) token.attrSet(name, follow(target))
    }
    const [, side] = /^text-align:(\w+)$/.exec(String(token.attrGet('style'))) ?? []
    // The site's policy is that no style stands in a page.
    if (side !== undefined) token.attrs = [['class', side]]
    if (token.type === 'image') token.attrSet('loading', 'lazy')
  }
  // So that a wide table or a long line scrolls by itself, by keyboard too, and not the page.
  markdown.renderer.rules.table_open = () => '<div class="wide" tabindex="0"><table>\n'
  markdown.renderer.rules.table_close = () => '</table></div>\n'
  const html = markdown.renderer.render(tokens, markdown.options, {}).replaceAll('<pre>', '<pre tabindex="0">')
  return { html, title: headings.find(({ level }) => level === 1)?.text ?? '', headings }
}

export const isElsewhere = (target: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(target)

/** Gives each heading the id that it has where repositories are read. */
function numberHeadings(tokens: readonly Token[]): Heading[] {
  const taken = new Map<string, number>()
  return tokens.flatMap((token, index) => {
    if (token.type !== 'heading_open') return []
    const text = plainText(tokens[index + 1])
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-')
    const count = taken.get(slug) ?? 0
    taken.set(slug, count + 1)
    const id = count === 0 ? slug : `${slug}-${count}`
    token.attrSet('id', id)
    return [{ level: Number(token.tag.slice(1)), id, text }]
  })
}

const plainText = (inline: Token | undefined): string =>
  (inline?.children ?? []).map(({ type, content }) => (type === 'softbreak' ? ' ' : content)).join('')
