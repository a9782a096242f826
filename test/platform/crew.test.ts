import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { createCrew } from '../../src/platform/crew.ts'
import { createLog } from '../../src/platform/log.ts'

const address = 'http://127.0.0.1:1602'

class FakeProcess extends EventEmitter {
  static next = 100
  readonly pid: number | undefined = ++FakeProcess.next
  connected = true
  readonly told: unknown[] = []
  readonly signals: string[] = []

  send(message: unknown) {
    this.told.push(message)
    return true
  }

  kill(signal: NodeJS.Signals) {
    this.signals.push(signal)
    return true
  }

  serve = () => this.emit('message', ['crew', { kind: 'ready', address }])

  complain = (sentence: string) => this.emit('message', ['crew', { kind: 'failed', sentence }])

  end(code: number | null = 1, signal: NodeJS.Signals | null = null) {
    this.connected = false
    this.emit('disconnect')
    this.emit('exit', code, signal)
  }
}

/** A crew of processes that do what the test says, in time that it moves. */
function stage(t: TestContext, size = 2) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let time = 0
  const hired: FakeProcess[] = []
  const lines: Record<string, unknown>[] = []
  const hopeless: Error[] = []
  const deaths: number[] = []
  const crew = createCrew({
    size,
    patience: 15_000,
    log: createLog('info', { write: (line) => void lines.push(JSON.parse(line)) }),
    hire() {
      const one = new FakeProcess()
      hired.push(one)
      return one as never
    },
    onDeath: () => deaths.push(time),
    onHopeless: (error) => hopeless.push(error),
    now: () => time,
  })
  const worker = (number: number) => hired[number - 1] as FakeProcess
  const pass = (ms: number) => {
    time += ms
    t.mock.timers.tick(ms)
  }
  return { crew, hired, lines, hopeless, deaths, worker, pass }
}

describe('a crew', () => {
  test('is ready once all serve, and not before', async (t) => {
    const { crew, worker, hired, lines } = stage(t, 3)
    let ready = false
    crew.ready.then(() => {
      ready = true
    })
    assert.equal(hired.length, 3)
    for (const number of [1, 3]) worker(number).serve()
    await null
    assert.equal(ready, false)
    worker(2).serve()
    assert.equal(await crew.ready, address)
    assert.deepEqual(
      lines.map(({ worker, pid }) => [worker, pid]),
      [1, 3, 2].map((number) => [number, worker(number).pid]),
    )
  })

  test('replaces at once who dies, and who was ended in order, and tells of it; only the first is a death', async (t) => {
    const { crew, worker, hired, lines, deaths, pass } = stage(t)
    for (const number of [1, 2]) worker(number).serve()
    await crew.ready
    pass(60_000)
    worker(1).end(null, 'SIGKILL')
    pass(0)
    assert.equal(hired.length, 3)
    worker(3).serve()
    pass(60_000)
    worker(2).end(0)
    pass(0)
    assert.equal(hired.length, 4)
    assert.deepEqual(deaths, [60_000])
    const told = lines.filter(({ msg }) => String(msg).startsWith('a worker has ended'))
    assert.deepEqual(
      told.map(({ level, worker, because }) => [level, worker, because]),
      [
        ['error', 1, 'it ended with SIGKILL'],
        ['info', 2, 'it ended with code 0'],
      ],
    )
  })

  test('waits longer and longer for one that dies young again and again, ten seconds at most', async (t) => {
    const { crew, worker, hired, pass } = stage(t)
    for (const number of [1, 2]) worker(number).serve()
    await crew.ready
    const waits: number[] = []
    pass(60_000)
    worker(2).end()
    for (let number = 3; number < 14; number++) {
      let waited = 0
      for (pass(0); hired.length < number; pass(100)) waited += 100
      waits.push(waited)
      if (number % 2) worker(number).serve()
      worker(number).end()
    }
    assert.deepEqual(waits, [0, 0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
    // One that has lived begins anew.
    pass(10_000)
    worker(14).serve()
    pass(10_000)
    worker(14).end()
    pass(0)
    assert.equal(hired.length, 15)
  })

  test('does not begin where one says why it can not serve, and says that', async (t) => {
    const { crew, worker, hired, hopeless, pass } = stage(t)
    worker(1).serve()
    worker(2).complain('Port 1602 is in use.')
    worker(2).end()
    await assert.rejects(crew.ready, /^Error: Port 1602 is in use\.$/)
    const stopped = crew.stop()
    worker(1).end(0)
    await stopped
    pass(60_000)
    assert.equal(hired.length, 2)
    // Whoever waits for the start is told, and nobody else.
    assert.deepEqual(hopeless, [])
  })

  test('gives up after five starts in a row that failed without a word', async (t) => {
    const { crew, hired, pass } = stage(t, 1)
    for (let number = 1; number <= 5; number++) {
      pass(10_000)
      assert.equal(hired.length, number)
      hired.at(-1)?.end(null, 'SIGKILL')
    }
    await assert.rejects(crew.ready, /^Error: No worker starts: it ended with SIGKILL\.$/)
    pass(60_000)
    assert.equal(hired.length, 5)
    await crew.stop()
  })

  test('goes on while one serves, however often the others fail, and ends when nobody does and nobody comes up', async (t) => {
    const { crew, worker, hired, hopeless, pass } = stage(t)
    for (const number of [1, 2]) worker(number).serve()
    await crew.ready
    pass(60_000)
    worker(2).end()
    for (let count = 0; count < 20; count++) {
      pass(10_000)
      hired.at(-1)?.complain('The database does not answer.')
      hired.at(-1)?.end()
    }
    assert.deepEqual(hopeless, [])
    worker(1).end()
    for (let count = 0; count < 20 && hopeless.length === 0; count++) {
      pass(10_000)
      for (const one of hired) if (one.connected) one.end()
    }
    assert.match(String(hopeless[0]), /No worker starts: it ended with code 1\./)
    const { length } = hired
    pass(60_000)
    assert.equal(hired.length, length)
  })

  test('does not begin where a process can not even be made', async (t) => {
    const { crew, worker, hired, pass } = stage(t, 1)
    Object.assign(worker(1), { pid: undefined })
    worker(1).emit('error', new Error('spawn EAGAIN'))
    await assert.rejects(crew.ready, /^Error: spawn EAGAIN$/)
    await crew.stop()
    pass(60_000)
    assert.equal(hired.length, 1)
  })

  test('stops when all have ended, replaces nobody then, and kills who does not end', async (t) => {
    const { crew, worker, hired, pass } = stage(t, 3)
    for (const number of [1, 2, 3]) worker(number).serve()
    await crew.ready
    worker(1).end()
    const stopped = crew.stop()
    for (const number of [2, 3]) assert.deepEqual(worker(number).told, [['crew', 'stop']])
    worker(2).end(0)
    pass(14_000)
    assert.deepEqual(worker(3).signals, [])
    pass(1_000)
    assert.deepEqual(worker(3).signals, ['SIGKILL'])
    worker(3).end(null, 'SIGKILL')
    await assert.rejects(stopped, /1 workers did not stop in time/)
    pass(60_000)
    assert.equal(hired.length, 3)
  })
})
