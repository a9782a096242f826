import { readFileSync, statSync } from 'node:fs'
import { type Config, ConfigError, parseConfig } from './config.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The variable that a field of the configuration is read from. */
export const variableOf = (field: keyof Config | string): string =>
  field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/**
 * The variables as they are in force: those of the file that CONFIG_FILE names, where there is one, and over them the
 * environment's own. An empty one counts as unset in both.
 *
 * @throws ConfigError with a sentence for every line that can't be used; none repeats what stands there.
 */
export function withConfigFile(env: Environment): Environment {
  const inFile = readConfigFile(env)
  const own = Object.entries(env).filter(([, value]) => value !== undefined && value !== '')
  return { ...inFile, ...Object.fromEntries(own) }
}

/** In bytes: far above every configuration. */
const longestFile = 256 * 1024

/** What the file of CONFIG_FILE sets; nothing where none is named. */
export function readConfigFile(env: Environment): Record<string, string> {
  const path = env.CONFIG_FILE
  if (!path) return {}
  const { values, problems } = parseConfigFile(textOf(path))
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `CONFIG_FILE ${path}: ${problem}`))
  return values
}

function textOf(path: string): string {
  const cannot = (why: string) => new ConfigError([`CONFIG_FILE must be a file that can be read: ${path} ${why}.`])
  try {
    const { size } = statSync(path)
    if (size > longestFile) throw cannot(`has more than ${longestFile / 1024} KiB`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw cannot(error instanceof TypeError ? 'is not UTF-8' : `gives ${(error as NodeJS.ErrnoException).code}`)
  }
}

const nothing = /^\s*(#.*)?$/
const assignment = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/
/** Lines `NAME=value`, as in a file `.env`. A variable that nobody reads is a mistake, and so is one that comes twice. */
export function parseConfigFile(text: string): { values: Record<string, string>; problems: string[] } {
  const known = new Set(Object.keys(parseConfig({})).map(variableOf))
  const values: Record<string, string> = {}
  const problems: string[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (nothing.test(line)) continue
    const complain = (what: string) => problems.push(`line ${index + 1} ${what}.`)
    const [, name = '', rest = ''] = assignment.exec(line) ?? []
    const value = valueIn(rest)
    if (name === '') complain('is not of the form NAME=value')
    else if (name === 'CONFIG_FILE' || !known.has(name)) complain('sets a variable that can not be set here')
    else if (Object.hasOwn(values, name)) complain(`sets ${name} a second time`)
    else if (value === null)
      complain(`gives ${name} a value whose quotes are not closed, or that has a backslash in double ones`)
    else values[name] = value
  }
  return { values, problems }
}

/** In quotes all that stands there, and without them what comes before a `#` behind a space. Null for no value. */
function valueIn(rest: string): string | null {
  const text = rest.trim()
  const [quote = ''] = text
  if (quote !== "'" && quote !== '"') return ` ${text}`.split(/\s#/)[0]?.trim() ?? ''
  const end = text.indexOf(quote, 1)
  const inside = text.slice(1, end)
  // Elsewhere a backslash in these has a meaning, on which not all readers of such files agree.
  const isPlain = end > 0 && nothing.test(text.slice(end + 1)) && !(quote === '"' && inside.includes('\\'))
  return isPlain ? inside : null
}
