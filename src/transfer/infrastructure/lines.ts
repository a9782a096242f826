/** In characters: far above any person's record, and little enough to hold. */
export const longestRecord = 1024 * 1024

/** One line without its end; null where it is longer than a record may be. */
export interface Line {
  readonly number: number
  readonly text: string | null
}

/** The lines of a text that comes in pieces, each held only as long as it is read. Empty ones and a byte
 * order mark are passed over. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0
  let rest = ''
  let tooLong = false
  let isFirst = true
  for await (const piece of pieces) {
    const lines = (isFirst ? piece.replace(/^\uFEFF/, '') : piece).split('\n')
    if (piece !== '') isFirst = false
    lines[0] = rest + lines[0]
    rest = lines.pop() ?? ''
    for (const text of lines) {
      number++
      if (tooLong || text.length > longestRecord) yield { number, text: null }
      else if (text.trim() !== '') yield { number, text: text.endsWith('\r') ? text.slice(0, -1) : text }
      tooLong = false
    }
    if (rest.length > longestRecord) {
      tooLong = true
      rest = ''
    }
  }
  if (tooLong) yield { number: number + 1, text: null }
  else if (rest.trim() !== '') yield { number: number + 1, text: rest }
}
