import { createHash } from 'node:crypto'
import { type Config, parseConfig } from './config.ts'
import { variableOf } from './config-file.ts'

/** Of a list: beyond it the name alone says that it is set. */
const longestList = 60
/** Fields whose text is one of a few words; any other text may be somebody's own. */
const choices = new Set(['tokenAlgorithm', 'refreshReusePolicy', 'passwordBreachCheck', 'logLevel'])

/**
 * The configuration in a line of less than 800 characters, so that two starts can be compared: a short digest of all of
 * it but the secrets; the variables that are not as by default, with their values where they are switches, choices,
 * numbers, seconds or a few networks, and never one of a secret, a URL or a path; and the key that signs the audit log,
 * which is another one when the secret key is.
 */
export function summarizeConfig(config: Config, auditKeyId: string): string {
  // A `Secret` writes itself as `[secret]`.
  const digest = createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 12)
  const defaults = parseConfig({})
  const changed = Object.entries(config)
    .filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(defaults[field as keyof Config]))
    .map(([field, value]) => {
      const name = variableOf(field)
      const shown = shownOf(field, value)
      return shown === null ? name : `${name}=${shown}`
    })
  return ['config', digest, ...changed, 'audit key', auditKeyId].join(' ')
}

function shownOf(field: string, value: unknown): string | null {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number' || choices.has(field)) return String(value)
  if (field !== 'trustedProxies') return null
  const list = String(value)
  return list.length <= longestList ? list : null
}
