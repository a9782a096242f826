import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'

const value = 'hunter2-hunter2'
const secret = new Secret(value)
const bytes = new Secret(Buffer.from(value))

/** Every form in which the value could be seen: as text, and the bytes in hexadecimal, base64 and decimal. */
const forms = [value, Buffer.from(value).toString('hex'), Buffer.from(value).toString('base64'), '104,117,110']
const hidden = (text: string) => {
  const plain = text.replaceAll(/\s/g, '')
  for (const form of forms) assert.ok(!plain.includes(form), `${form} is in: ${text}`)
  assert.ok(!/68 ?75 ?6e/.test(text), `the bytes are in: ${text}`)
  assert.ok(text.includes('[secret]'), `no [secret] in: ${text}`)
}

const ways: [what: string, print: (it: unknown) => string][] = [
  ['String', (it) => String(it)],
  ['a template', (it) => `${it}`],
  ['concatenation', (it) => ''.concat(it as string)],
  ['joining', (it) => [it].join()],
  ['JSON', (it) => JSON.stringify(it)],
  ['JSON of what holds it', (it) => JSON.stringify({ deep: [{ it }] })],
  ['inspection', (it) => inspect(it)],
  ['inspection of everything', (it) => inspect(it, { showHidden: true, depth: null, getters: true })],
  ['inspection of what holds it', (it) => inspect({ deep: [{ it }], set: new Set([it]), map: new Map([[it, it]]) })],
  ['format %s', (it) => format('%s', it)],
  ['format %o', (it) => format('%o', it)],
  ['format %O', (it) => format('%O', it)],
  ['format %j', (it) => format('%j', it)],
  ["an error's message", (it) => String(new Error(`bad: ${it}`))],
  ["an error's cause", (it) => inspect(new Error('bad', { cause: it }))],
  ['the console', (it) => captured((out) => new Console(out).log(it, { it }))],
  ["the console's table", (it) => captured((out) => new Console(out).table([{ it: it as object }]))],
  ['the log', (it) => logged((log) => log.info({ it, deep: { it } }, 'message'))],
  ["the log's message", (it) => logged((log) => log.info(format('message %s %o', it, it)))],
  [
    "the log's own formatting",
    (it) => logged((log) => log.info('message %s %o %j' as string, ...([it, it, it] as never[]))),
  ],
  ["the log's error", (it) => logged((log) => log.error({ err: Object.assign(new Error('bad'), { it }) }))],
]

for (const [what, print] of ways) {
  test(`${what} shows [secret]`, () => {
    hidden(print(secret))
    hidden(print(bytes))
  })
}

test('a copy of its properties is empty', () => {
  assert.deepEqual({ ...secret }, {})
  assert.deepEqual(Reflect.ownKeys(secret), [])
  assert.deepEqual(structuredClone(secret), {})
})

test('reveal is the way to the value', () => {
  assert.equal(secret.reveal(), value)
  assert.deepEqual(bytes.reveal(), Buffer.from(value))
})

function captured(write: (out: Writable) => void): string {
  let text = ''
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  write(out)
  return text
}

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = []
  write(createLog('trace', { write: (line) => void lines.push(line) }))
  return lines.join('')
}
