import type { PlacedRecord } from '../application/ports.ts'
import { longestRecord } from './lines.ts'
import { objectIn } from './ndjson-records.ts'

/** The longest name of a member that is looked at, in characters. */
const longestName = 64

/**
 * The objects in a JSON document's array of users, one at a time, however large the document is: in the array that it
 * is, or in the one that its member `users` is.
 */
export async function* jsonRecords(pieces: AsyncIterable<string>): AsyncGenerator<PlacedRecord> {
  const open: string[] = []
  let line = 1
  let inText = false
  let escaped = false
  let name = ''
  let lastName = ''
  let wanted = -1
  let taken: { line: number; text: string; from: number } | null = null
  for await (const piece of pieces) {
    if (taken) taken.from = 0
    for (let at = 0; at < piece.length; at++) {
      const letter = piece[at]
      if (letter === '\n') line++
      if (inText) {
        if (escaped) escaped = false
        else if (letter === '\\') escaped = true
        else if (letter === '"') {
          inText = false
          lastName = name
        } else if (open.length === 1 && name.length < longestName) name += letter
      } else if (letter === '"') {
        inText = true
        name = ''
      } else if (letter === '{' || letter === '[') {
        if (letter === '[' && (open.length === 0 || (open.join('') === '{' && lastName === 'users')))
          wanted = open.length + 1
        if (letter === '{' && open.length === wanted) taken = { line, text: '', from: at }
        open.push(letter)
      } else if (letter === '}' || letter === ']') {
        open.pop()
        if (taken && open.length === wanted) {
          yield { line: taken.line, record: objectIn(cut(taken, piece, at + 1)) }
          taken = null
        } else if (open.length < wanted) wanted = -1
      }
    }
    if (taken) taken.text = cut(taken, piece, piece.length)
  }
  if (open.length > 0 || inText) yield { line, record: null }
}

/** What was taken so far. Of one that is too long only so much is held that it is no JSON. */
const cut = (taken: { text: string; from: number }, piece: string, to: number): string =>
  taken.text.length > longestRecord ? taken.text : taken.text + piece.slice(taken.from, to)
