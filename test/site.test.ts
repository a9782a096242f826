import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { buildSite } from '../scripts/site/build.ts'
import { deadLinks } from '../scripts/site/links.ts'
import { render } from '../scripts/site/markdown.ts'
import { navigationOf } from '../scripts/site/navigation.ts'
import { launchChromium, noChromium as skip } from './support/chromium.ts'

const directory = mkdtempSync(join(tmpdir(), 'latchkey-site-'))
after(() => rmSync(directory, { recursive: true, force: true }))
if (skip) console.warn(`SKIPPED, the look of the site: ${skip}`)

describe('the site', () => {
  let dead: string[] = []
  let pages: string[] = []
  before(() => {
    dead = buildSite(directory)
    pages = globSync('**/*.html', { cwd: directory })
  })
  const read = (path: string) => readFileSync(join(directory, path), 'utf8')

  test('has no link that leads nowhere', () => assert.deepEqual(dead, []))

  test('has every page of docs, each once in the menu', () => {
    const sources = globSync('docs/**/*.md')
    assert.ok(sources.length > 50)
    const [, menu = ''] = /<nav class="side".*?>(.*?)<\/nav>/s.exec(read('index.html')) ?? []
    const addresses = [...menu.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href)
    for (const source of sources) {
      const address = source
        .replaceAll('\\', '/')
        .replace('docs/README.md', 'docs/index.md')
        .replace(/^docs\/(.*)\.md$/, '$1.html')
      assert.deepEqual(
        addresses.filter((one) => one === address),
        [address],
      )
    }
  })

  test('runs no script and takes nothing from elsewhere', () => {
    for (const page of pages)
      assert.doesNotMatch(read(page), /<script|<iframe|\bon\w+="|(?:src|rel="stylesheet" href)="(?:https?:)?\/\//)
  })

  for (const [name, viewport, colorScheme] of [
    ['a desk', { width: 1366, height: 900 }, 'light'],
    ['a phone', { width: 360, height: 740 }, 'dark'],
  ] as const) {
    test(`fits ${name}: nothing but tables, code and drawings is wider than the screen`, { skip }, async () => {
      const browser: Browser = await launchChromium()
      try {
        const page = await (await browser.newContext({ viewport, colorScheme })).newPage()
        const complaints = new Set<string>()
        page.on('console', (message) => complaints.add(`${page.url()}: ${message.text()}`))
        page.on('requestfailed', (request) => {
          const because = request.failure()?.errorText
          // Images come when they are looked at: one that the next page has cut off is there all the same.
          if (because !== 'net::ERR_ABORTED') complaints.add(`${page.url()}: ${request.url()}: ${because}`)
        })
        for (const path of pages) {
          await page.goto(pathToFileURL(join(directory, path)).href)
          const surplus = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
          assert.ok(Number(surplus) <= 0, `${path} is ${surplus} pixels too wide`)
        }
        assert.deepEqual([...complaints], [])
      } finally {
        await browser.close()
      }
    })
  }
})

describe('a page of the site', () => {
  const same = (target: string) => target

  test('has the anchors that its headings have elsewhere, and no HTML of its own', () => {
    const { headings, html, title } = render('# A `b` & c\n\n## Same\n\n## Same\n\n<b onclick="x">bold</b>', same)
    assert.equal(title, 'A b & c')
    assert.deepEqual(
      headings.map(({ id }) => id),
      ['a-b--c', 'same', 'same-1'],
    )
    assert.match(html, /&lt;b onclick/)
  })

  test('follows its links within the repository, and leaves the others', () => {
    const { html } = render(
      '[a](b.md) ![c](d.svg) [e](https://example.com) [f](mailto:a@example.com)',
      (target) => `x/${target}`,
    )
    const found = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, target]) => target)
    assert.deepEqual(found, ['x/b.md', 'x/d.svg', 'https://example.com', 'mailto:a@example.com'])
  })

  test('is told of when it leads to a page, a place or an image that is not there', () => {
    const files = new Map<string, string | null>([
      ['a/b.html', '<a href="../c.html#here">x</a><a href="../c.html#there">x</a><a href="#me">x</a><img src="d.svg">'],
      ['c.html', '<h2 id="here">x</h2><a href="d.html">x</a><a href="https://example.com/none">x</a>'],
      ['e.svg', null],
    ])
    const expected = ['../c.html#there', '#me', 'd.svg'].map((target) => `a/b.html leads to ${target}`)
    assert.deepEqual(deadLinks(files), [...expected, 'c.html leads to d.html'])
  })

  test('that nobody has a place for comes into the menu all the same', () => {
    const groups = navigationOf([
      { address: 'index.html', title: 'Latchkey' },
      { address: 'something-new.html', title: 'New' },
      { address: 'metrics.html', title: 'Metrics' },
    ])
    const placed = groups.flatMap(({ title, entries }) => entries.map((entry) => [title, entry.title]))
    assert.deepEqual(placed, [
      ['Start', 'Overview'],
      ['How to', 'New'],
      ['Reference', 'Metrics'],
    ])
  })
})
