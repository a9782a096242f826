import assert from 'node:assert/strict'
import { basename, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { expectQuotable, help, OptionError, parseOptions } from '../../bench/options.ts'

function parsed(...words: string[]) {
  const options = parseOptions(words)
  assert.ok(options)
  return { ...options, adapters: options.adapters.map((file) => basename(file, '.ts')) }
}

describe('the options of the bench', () => {
  it('are a whole run, with every peer, into docs, when there are none', () => {
    const options = parsed()
    assert.deepEqual(options.only, ['me', 'refresh', 'jwks', 'login', 'register', 'mix'])
    assert.deepEqual(options.connections, [1, 8, 32, 128, 256])
    assert.deepEqual(options.adapters, ['latchkey', 'limit', 'better-auth'])
    assert.equal(options.out, resolve('docs'))
    assert.ok(options.workers)
  })

  it('are a smaller run without peers that leaves docs alone with --quick', () => {
    const options = parsed('--quick')
    assert.deepEqual(options.adapters, ['latchkey', 'limit'])
    assert.equal(options.out, resolve('.tmp/bench'))
    assert.ok(options.seconds < parsed().seconds)
    assert.ok(!options.workers && parsed('--quick', '--workers').workers)
  })

  it('never let a part of a run replace the whole in docs', () => {
    for (const words of [
      ['--only', 'me'],
      ['--connections', '32'],
    ]) {
      assert.equal(parsed(...words).out, resolve('.tmp/bench'), words.join(' '))
    }
    assert.equal(parsed('--only', 'me', '--out', 'docs').out, resolve('docs'))
  })

  it('are read', () => {
    const words = ['--only', 'me,refresh', '--connections', '4,64', '--seconds', '1.5', '--rounds', '7']
    const options = parsed(...words, '--peers', 'better-auth', '--adapter', 'one/peer.ts', '--adapter', 'two.mjs')
    assert.deepEqual(options.only, ['me', 'refresh'])
    assert.deepEqual(options.connections, [4, 64])
    assert.equal(options.seconds, 1.5)
    assert.equal(options.rounds, 7)
    assert.deepEqual(options.adapters, ['latchkey', 'limit', 'better-auth', 'peer', 'two.mjs'])
    assert.deepEqual(parsed('--peers', 'none').adapters, ['latchkey', 'limit'])
  })

  it('are null where help is asked for, which names every one of them', () => {
    assert.equal(parseOptions(['--help']), null)
    assert.equal(parseOptions(['-h', '--quick']), null)
    for (const name of [
      'quick',
      'only',
      'connections',
      'seconds',
      'rounds',
      'workers',
      'peers',
      'adapter',
      'out',
      'help',
    ]) {
      assert.ok(help.includes(`--${name}`), name)
    }
  })

  it('let nothing into docs but a run of full length of a commit', () => {
    const clean = '133e56abfa3d'
    expectQuotable(parsed(), clean)
    expectQuotable(parsed('--only', 'me', '--out', 'docs'), clean)
    for (const [words, commit] of [
      [['--quick', '--out', 'docs'], clean],
      [['--quick', '--out', './docs/'], clean],
      [[], `${clean}, with changes`],
      [[], 'unknown'],
    ] as const) {
      assert.throws(() => expectQuotable(parsed(...words), commit), OptionError, `${words} ${commit}`)
    }
    expectQuotable(parsed('--quick'), `${clean}, with changes`)
  })

  const refused: [words: string[], because: RegExp][] = [
    [['--fast'], /Unknown option '--fast'/],
    [['me'], /positional/],
    [['--only'], /argument missing/],
    [['--only', 'you'], /--only knows .*not "you"/],
    [['--only', 'me,me'], /--only names something twice/],
    [['--only', ''], /--only knows .*not ""/],
    [['--connections', '0'], /--connections takes whole numbers from 1 to 1024, not "0"/],
    [['--connections', '1.5'], /--connections takes whole numbers/],
    [['--connections', '2000'], /--connections takes whole numbers/],
    [['--connections', '1e2'], /--connections takes whole numbers/],
    [['--seconds', '0'], /--seconds takes numbers from 0.5 to 60, not "0"/],
    [['--seconds=-1'], /--seconds takes numbers/],
    [['--rounds', 'many'], /--rounds takes whole numbers from 1 to 50, not "many"/],
    [['--peers', 'auth0'], /--peers knows better-auth, not "auth0"/],
    [['--adapter', 'peer'], /--adapter takes a module's file, not "peer"/],
    [['--quick', 'yes'], /positional/],
  ]
  for (const [words, because] of refused) {
    it(`refuse ${words.join(' ')}`, () => {
      assert.throws(
        () => parseOptions(words),
        (error: Error) => error instanceof OptionError && because.test(error.message),
      )
    })
  }
})
