/**
 * The URLs of the single hosts that a PostgreSQL URL names with commas between them (libpq, "Specifying Multiple
 * Hosts"), in their order: each has everything else of the whole. Null where one of them is no URL, or an empty host is
 * among several.
 */
export function urlOfEachHost(text: string): URL[] | null {
  const parts = /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)/is.exec(text)
  if (!parts) return null
  const [head, hosts, tail] = parts.slice(1) as [head: string, hosts: string, tail: string]
  const urls = hosts.split(',').map((host) => URL.parse(`${head}${host}${tail}`))
  const sound = (url: URL | null): url is URL => url !== null && (urls.length === 1 || url.hostname !== '')
  return urls.every(sound) ? urls : null
}
