import { createHash } from 'node:crypto'
import { type Config, parseConfig } from './config.ts'

const longest = 180

/**
 * The configuration in a line of at most 180 characters that holds no secret and no value: a short digest of what is
 * not secret, so that two starts can be compared, and the names of the variables that are not as by default.
 */
export function summarizeConfig(config: Config): string {
  // A `Secret` writes itself as `[secret]`.
  const digest = createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 12)
  const defaults = parseConfig({})
  const names = Object.entries(config)
    .filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(defaults[field as keyof Config]))
    .map(([field]) => field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  const line = ['config', digest, ...names].join(' ')
  if (line.length <= longest) return line
  const cut = line.slice(0, longest - 4)
  return `${cut.slice(0, cut.lastIndexOf(' '))} ...`
}
