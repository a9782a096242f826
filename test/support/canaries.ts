/** Marked secrets, and where they are found though they do not belong there. */
export interface Canaries {
  /** Looks for this one too from now on; at least 8 bytes, so that no other text holds it by chance. */
  add(name: string, secret: string | Uint8Array): void
  /** The names of those that this text, or these bytes, hold in any form: once each. */
  foundIn(haystack: string | Uint8Array): string[]
}

/**
 * Finds secrets as text and bytes travel: plain, in JSON (also within JSON), in a URL or a form, in HTML, in hexadecimal
 * digits, in either base64 wherever a group of it begins, and as Node prints the bytes of a buffer.
 */
export function createCanaries(): Canaries {
  const known: { name: string; forms: string[]; hex: string[] }[] = []

  const namesIn = (text: string, hexText = text.toLowerCase()) =>
    known
      .filter(
        ({ forms, hex }) => forms.some((form) => text.includes(form)) || hex.some((form) => hexText.includes(form)),
      )
      .map(({ name }) => name)

  return {
    add(name, secret) {
      const bytes = Buffer.from(secret)
      if (bytes.length < 8) throw new Error(`too short to be known again: ${name}`)
      const forms = [...base64Of(bytes), JSON.stringify([...bytes]).slice(1, -1)]
      const hex = [bytes.toString('hex'), bytes.toString('hex').replaceAll(/..(?!$)/g, '$& ')]
      if (typeof secret === 'string') forms.push(...textForms(secret))
      known.push({ name, forms: [...new Set(forms)], hex })
    },
    foundIn(haystack) {
      if (typeof haystack === 'string') return [...new Set(namesIn(haystack))]
      const bytes = Buffer.from(haystack)
      const texts = [bytes.toString('latin1'), bytes.toString('utf8'), bytes.toString('hex')]
      return [...new Set(texts.flatMap((text) => namesIn(text)))]
    },
  }
}

function textForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams([['', text]]).toString().slice(1),
    text.replaceAll(/[&<>"]/g, (sign) => escapes[sign] ?? sign),
  ]
}

/** What base64 makes of these bytes after none, one or two others: the signs that only these bytes decide. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes])
    const own = all.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((all.length * 8) / 6))
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
