import type { IncomingMessage } from 'node:http'

/**
 * What all headers of that name say, in the order in which they came; Node itself keeps one of them, or joins them.
 *
 * @param name in lower case
 */
export function headerValues({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index] ?? ''
    if (given.length === name.length && given.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}
