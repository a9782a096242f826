import { posix } from 'node:path'
import { isElsewhere } from './markdown.ts'

/**
 * What leads nowhere: links and images of the finished pages whose file is not in the site, or whose place is not on the
 * page. What lies elsewhere is not asked for.
 *
 * @param files all that is in the site, by address; the text of those that are pages.
 */
export function deadLinks(files: ReadonlyMap<string, string | null>): string[] {
  const places = new Map<string, ReadonlySet<string>>()
  for (const [address, html] of files) {
    places.set(address, new Set([...(html ?? '').matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id)))
  }
  return [...files].flatMap(([address, html]) =>
    [...(html ?? '').matchAll(/ (?:href|src)="([^"]*)"/g)].flatMap(([, target = '']) => {
      if (isElsewhere(target)) return []
      const [path = '', place] = decodeURIComponent(target).split('#')
      const there = path === '' ? address : posix.join(posix.dirname(address), path)
      const found = places.get(there)
      return found && (!place || found.has(place)) ? [] : [`${address} leads to ${target}`]
    }),
  )
}
