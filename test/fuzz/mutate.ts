import fc from 'fast-check'

/** Pieces that parsers have stumbled over: separators, controls, look-alikes, half characters, numbers, prototype keys. */
const hostile = [
  ...['\0', '\n', '\r\n', '\t', ' ', '  ', '\u00a0', '\u200b', '\u202e', '\ufeff', '\ud800', '\udc00', '\u{1f600}'],
  ...['\u212a', '\u0130', '\u0131', '\u017f', '\uff0e', '\uff20', '\u0430', '\u0661', '\uff10', 'e\u0301', '\u00e9'],
  ...[
    '.',
    '..',
    '@',
    '@@',
    '=',
    '==',
    '+',
    '-',
    '_',
    '/',
    '//',
    '\\',
    '%',
    '%00',
    '%2e',
    ':',
    '::',
    ';',
    ',',
    ',,',
    '#',
    '?',
  ],
  ...[
    '"',
    "'",
    '`',
    '$',
    '*',
    '&',
    '|',
    '~',
    '<',
    '>',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '[]',
    '{}',
    '\x1b[31m',
    '\x7f',
    '\x80',
    '\xff',
  ],
  ...[
    '0',
    '00',
    '-0',
    '-1',
    '1e999',
    '0x1',
    '1_0',
    '256',
    '9007199254740993',
    '99999999999999999999',
    'NaN',
    'Infinity',
  ],
  ...[
    'null',
    'true',
    'undefined',
    '[object Object]',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '\\u0000',
    '\\ud800',
  ],
  ...['{"__proto__":{"a":1}}', '"a":1,', "' OR '1'='1", '../../etc/passwd', '$' + '{7*7}', 'x'.repeat(300)],
]

type Edit = (text: string, at: number, length: number, piece: string) => string

const edits: readonly Edit[] = [
  (text, at, _, piece) => text.slice(0, at) + piece + text.slice(at),
  (text, at, length, piece) => text.slice(0, at) + piece + text.slice(at + length),
  (text, at, length) => text.slice(0, at) + text.slice(at + length),
  (text, at, length) => text.slice(0, at + length) + text.slice(at),
  (text, at) => text.slice(0, at),
  (text, at) => text.slice(at),
  (text, at) => flip(text, at, 1),
  (text, at, length) => flip(text, at, 1 << (length % 8)),
  (text, at, length) => text.slice(0, at) + swapCase(text.slice(at, at + length)) + text.slice(at + length),
  (text, at, length) => text.slice(0, at) + text.slice(at, at + length).repeat(50) + text.slice(at + length),
  (text, at, length) =>
    text.slice(0, at) + [...text.slice(at, at + length)].toReversed().join('') + text.slice(at + length),
  (text, _at, _length, piece) => piece + text,
  (text, _at, _length, piece) => text + piece,
  (text) => text + text,
]

const flip = (text: string, at: number, bit: number): string =>
  at < text.length ? text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ bit) + text.slice(at + 1) : text

const swapCase = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))

const edit = fc.record({
  kind: fc.nat(edits.length - 1),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(12),
  piece: fc.constantFrom(...hostile),
})

/** Valid texts with up to `most` edits, so also as they are. */
export const mutated = (valid: fc.Arbitrary<string>, most = 4): fc.Arbitrary<string> =>
  fc.tuple(valid, fc.array(edit, { maxLength: most })).map(([text, list]) =>
    list.reduce((now, { kind, at, length, piece }) => {
      const apply = edits[kind] as Edit
      return apply(now, Math.floor(at * (now.length + 1)), length, piece)
    }, text),
  )

/** Texts near the valid ones, and a few that have nothing to do with them. */
export const near = (...valid: readonly string[]): fc.Arbitrary<string> => nearTo(fc.constantFrom(...valid))

export const nearTo = (valid: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: mutated(valid) }, { weight: 1, arbitrary: wild })

/** Text of any kind, the hostile pieces strung together among it. */
export const wild: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.constantFrom(...hostile), { maxLength: 8 }).map((pieces) => pieces.join('')),
)

const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'then', 'toJSON', 'length', ''),
  fc.string({ maxLength: 6 }),
)

const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -0, -1, 1, 0.5, 1e308, 2 ** 53, 2 ** 31, '', '0', '1', 'null'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  wild,
)

/** A JSON value, as a text has it: what JavaScript would make of `__proto__` is in the text all the same. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar.map((value) => JSON.stringify(value)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
})).value

/** The text of an object near `valid`: members left out, doubled, renamed, of other values, of no known name. */
export function nearObject(valid: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  const names = Object.keys(valid)
  const good = Object.entries(valid).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  const near = (value: unknown): fc.Arbitrary<string> => {
    if (typeof value === 'string') return mutated(fc.constant(value), 2).map((text) => JSON.stringify(text))
    if (typeof value !== 'number') return jsonText
    return fc
      .constantFrom(value - 1, value + 1, -value, value * 1000, value + 0.5, `${value}`)
      .map((one) => `${JSON.stringify(one)}`)
  }
  const change = fc.oneof(
    fc.nat(names.length - 1).map((index) => (members: string[]) => members.filter((_, at) => at !== index)),
    fc.nat(names.length - 1).chain((index) => {
      const name = names[index] as string
      return fc
        .oneof(near(valid[name]), jsonText)
        .map((text) => (members: string[]) => members.with(index % members.length, `${JSON.stringify(name)}:${text}`))
    }),
    fc.tuple(fc.oneof(key, fc.constantFrom(...names)), jsonText).map(([name, text]) => (members: string[]) => [
      ...members,
      `${JSON.stringify(name)}:${text}`,
    ]),
  )
  return fc
    .array(change, { maxLength: 3 })
    .map(
      (changes) =>
        `{${changes.reduce((members, apply) => (members.length > 0 ? apply(members) : members), good).join(',')}}`,
    )
}
