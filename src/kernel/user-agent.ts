const longest = 256

/** A User-Agent header as it is kept and shown: printable ASCII, white space collapsed, at most 256 characters. */
export function sanitizeUserAgent(header: string | null): string | null {
  const text = (header ?? '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
  return text === '' ? null : text.slice(0, longest).trimEnd()
}
