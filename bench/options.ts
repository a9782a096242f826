import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Asked } from './load/script.ts'

export interface Options {
  readonly quick: boolean
  readonly only: readonly Asked[]
  readonly connections: readonly number[]
  readonly seconds: number
  readonly rounds: number
  /** Whether two workers are measured beside one. */
  readonly workers: boolean
  /** The files of the adapters, this service's own first. */
  readonly adapters: readonly string[]
  /** Where the results go. */
  readonly out: string
}

export class OptionError extends Error {
  override readonly name = 'OptionError'
}

const everything: readonly Asked[] = ['me', 'refresh', 'jwks', 'login', 'register', 'mix']
const peers = ['better-auth'] as const
const root = resolve(import.meta.dirname, '..')
const docs = resolve(root, 'docs')
const own = (name: string) => resolve(import.meta.dirname, 'adapters', `${name}.ts`)

export const help = `npm run bench [-- options]

  --quick                 a look within two minutes: fewer connections, shorter rounds, no peers
  --only me,refresh       those kinds alone: ${everything.join(', ')}
  --connections 1,32      how many connections there are in turn, 1 to 1024
  --seconds 2.3           how long a round lasts, 0.5 to 60
  --rounds 5              how often each server has its turn where a target is judged, 1 to 50; at most twice elsewhere
  --workers               two workers beside one as well, which a whole run has
  --peers better-auth     servers to compare with, or none; a whole run has all: ${peers.join(', ')}
  --adapter path/file.ts  one more server, by its adapter (bench/README.md); may be given again
  --out folder            where benchmarks.json, benchmarks.md and the plots go: docs for a whole run,
                          else .tmp/bench, so that a look does not replace what was measured with care
  --help                  this text`

/**
 * @returns null when help is asked for.
 * @throws OptionError with one sentence on what is wrong.
 */
export function parseOptions(words: readonly string[]): Options | null {
  const given = read(words)
  if (given.help) return null
  const { quick = false } = given
  const whole = !quick && given.only === undefined && given.connections === undefined
  const connections = given.connections ?? (quick ? '1,32' : '1,8,32,128,256')
  return {
    quick,
    only:
      given.only === undefined ? everything : list('only', given.only).map((word) => oneOf('only', word, everything)),
    connections: list('connections', connections).map((word) => number('connections', word, 1, 1024, true)),
    seconds: number('seconds', given.seconds ?? (quick ? '0.7' : '2.3'), 0.5, 60, false),
    rounds: number('rounds', given.rounds ?? (quick ? '1' : '5'), 1, 50, true),
    workers: given.workers ?? whole,
    adapters: [
      own('latchkey'),
      own('limit'),
      ...peersOf(given.peers ?? (whole ? peers.join() : 'none')).map(own),
      ...(given.adapter ?? []).map(adapterFile),
    ],
    out: resolve(root, given.out ?? (whole ? docs : '.tmp/bench')),
  }
}

/**
 * What stands in docs is quoted: a run of full length, of a commit that anybody can check out.
 *
 * @param commit as the report names it
 * @throws OptionError where it is not.
 */
export function expectQuotable({ quick, out }: Pick<Options, 'quick' | 'out'>, commit: string): void {
  if (out !== docs) return
  if (quick) throw new OptionError('--out docs is for figures to quote: a quick look goes elsewhere')
  if (/^[0-9a-f]+$/.test(commit)) return
  throw new OptionError(
    `--out docs, where a whole run writes, is for the figures of a commit, and this is ${commit}: commit it, or name another folder with --out`,
  )
}

function read(words: readonly string[]) {
  const text = { type: 'string' } as const
  const known = {
    quick: { type: 'boolean' },
    workers: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    only: text,
    connections: text,
    seconds: text,
    rounds: text,
    peers: text,
    adapter: { type: 'string', multiple: true },
    out: text,
  } as const
  try {
    return parseArgs({ args: [...words], options: known, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new OptionError((error as Error).message)
  }
}

function list(name: string, text: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  if (new Set(words).size < words.length) throw new OptionError(`--${name} names something twice`)
  return words
}

function oneOf<Word extends string>(name: string, word: string, words: readonly Word[]): Word {
  const found = words.find((one) => one === word)
  if (found === undefined) throw new OptionError(`--${name} knows ${words.join(', ')}, not "${word}"`)
  return found
}

function number(name: string, word: string, least: number, most: number, whole: boolean): number {
  const value = Number(word)
  const form = whole ? /^\d+$/ : /^\d+(?:\.\d+)?$/
  if (form.test(word) && value >= least && value <= most) return value
  throw new OptionError(
    `--${name} takes ${whole ? 'whole numbers' : 'numbers'} from ${least} to ${most}, not "${word}"`,
  )
}

const peersOf = (text: string) =>
  text === 'none' ? [] : list('peers', text).map((word) => oneOf('peers', word, peers))

function adapterFile(path: string): string {
  if (!/\.[cm]?[jt]s$/.test(basename(path))) throw new OptionError(`--adapter takes a module's file, not "${path}"`)
  return resolve(path)
}
