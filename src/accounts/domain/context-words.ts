import type { EmailAddress } from '../../kernel/email-address.ts'

/** Fewer letters are no word that a guesser would begin with. */
const shortestWord = 3

/** How many digits and signs around a word are no secret: a date with its dots has 10. Further ones are. */
const longestTrimming = 12

/** What a guesser who knows the address tries first: all of it, what stands before and after the `@`, and their words. */
export function wordsOfEmail(email: EmailAddress): readonly string[] {
  const [local = '', domain = ''] = email.split('@')
  return wordsIn([email, local, ...local.split('+'), ...wordsOfHost(domain), ...local.split(/[^a-z]+/)])
}

/** A host name, its labels but the last, and the words in them: of `auth.my-shop.example` auth, my-shop and shop. */
export function wordsOfHost(host: string): readonly string[] {
  const labels = host.toLowerCase().split('.')
  const own = labels.length > 1 ? labels.slice(0, -1) : labels
  return wordsIn([host.toLowerCase(), ...own, ...own.flatMap((label) => label.split(/[^a-z]+/))])
}

/**
 * Which of these words a password is made of, if it is made of nothing else: of one or several of them, in any case
 * and order, with at most 12 digits and signs before, between and behind. Null when it holds anything more.
 */
export function madeOf(password: string, words: readonly string[]): readonly string[] | null {
  const used: string[] = []
  let rest = [password.toLowerCase()]
  // The longest first: `anna` out of `annabell` would leave letters that belong to a word.
  for (const word of [...words].sort((a, b) => b.length - a.length)) {
    const without = rest.flatMap((part) => part.split(word))
    if (without.length > rest.length) used.push(word)
    rest = without
  }
  const trimming = rest.join('')
  return used.length > 0 && trimming.length <= longestTrimming && !/\p{L}/u.test(trimming) ? used : null
}

const wordsIn = (texts: readonly string[]): string[] => [
  ...new Set(texts.filter((text) => text.length >= shortestWord && /[a-z]/.test(text))),
]
