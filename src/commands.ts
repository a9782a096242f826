import type { Service } from './compose.ts'
import { parseUserId } from './kernel/ids.ts'

/** What an operator can do beside serving. Each answers the text to print, or null when its words are not understood. */
const commands: Readonly<
  Record<string, (service: Service, ...words: (string | undefined)[]) => Promise<string | null>>
> = {
  'keys list': async ({ keys }) =>
    keys
      .list()
      .map((key) => `${key.kid}  ${key.algorithm}  signs ${span(key.activatesAt, key.retiresAt)}`)
      .join('\n'),

  'keys rotate': async ({ keys }) => {
    await keys.rotate()
    return 'The successor of the signing key is published, and signs as soon as every verifier can know it.'
  },

  'keys withdraw': async ({ keys }, kid) => {
    if (kid === undefined) return null
    await keys.withdraw(kid)
    return `Withdrawn: ${kid}. Tokens that it signed are refused here; verifiers elsewhere may hold it until their copy of the JWKS ends.`
  },

  'users disable': async ({ accounts }, id) => {
    const userId = parseUserId(id)
    if (userId === null) return null
    return (await accounts.disable(userId)) ? `User ${userId} is disabled.` : `There is no enabled user ${userId}.`
  },

  'users enable': async ({ accounts }, id) => {
    const userId = parseUserId(id)
    if (userId === null) return null
    return (await accounts.enable(userId)) ? `User ${userId} is enabled.` : `There is no disabled user ${userId}.`
  },

  'users unlock': async ({ accounts }, id) => {
    const userId = parseUserId(id)
    if (userId === null) return null
    return (await accounts.unlock(userId)) ? `User ${userId} is unlocked.` : `User ${userId} has no failed logins.`
  },

  'users import': ({ transfer }, ...words) => transfer.importCommand(words),

  'users export': ({ transfer }, ...words) => transfer.exportCommand(words),

  'audit verify': async ({ auditLog }, checkpoint) => {
    const { intact, text } = await auditLog.verify(checkpoint)
    // What is thrown ends the process with 1.
    if (!intact) throw new Error(text)
    return text
  },

  'audit erase': async ({ auditLog }, id) => {
    const userId = parseUserId(id)
    if (userId === null) return null
    return `Personal data of ${await auditLog.erase(userId)} events of user ${userId} were erased.`
  },
}

export const usage = `Usage: latchkey [serve | keys list | keys rotate | keys withdraw KID | users disable ID | users enable ID | users unlock ID | users import FILE … | users export FILE … | audit verify [CHECKPOINT] | audit erase ID]`

/** Finds the command that the words of a command line name, or null. */
export function findCommand(words: readonly string[]): ((service: Service) => Promise<string | null>) | null {
  const [noun, verb, ...rest] = words
  const name = `${noun} ${verb}`
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  // What moves data has options of its own, and says itself what is wrong with them.
  const isTransfer = name === 'users import' || name === 'users export'
  return command && (isTransfer || rest.length <= 1) ? (service) => command(service, ...rest) : null
}

const span = (from: Date, until: Date | null) =>
  `from ${from.toISOString()}${until === null ? '' : ` until ${until.toISOString()}`}`
