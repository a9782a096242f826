import { readFileSync } from 'node:fs'

/** Node's arguments in the image's entry point, before the program. */
export function imageArguments(): string[] {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
  const [, ...words] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[]
  return words.slice(0, -1)
}
