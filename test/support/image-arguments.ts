import { readFileSync } from 'node:fs'

/**
 * Node's arguments in the image's entry point, before the program: what measures the service starts it with them.
 *
 * @throws {Error} where the Dockerfile has no such line, for then something else would be measured.
 */
export function imageArguments(): string[] {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
  const line = /^ENTRYPOINT (\["node", .*"dist\/main\.js"\])$/m.exec(dockerfile)?.[1]
  if (line === undefined) throw new Error('the image has no entry point that starts Node')
  const words: string[] = JSON.parse(line)
  return words.slice(1, -1)
}
