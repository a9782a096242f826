import { type Finding, found, ok } from './finding.ts'

export interface KeyFacts {
  readonly kid: string
  readonly phase: 'next' | 'active' | 'retired' | 'gone'
  readonly activatesAt: Date
}

/** @param interval for how many seconds a key signs. */
export function judgeKeys(keys: readonly KeyFacts[], now: Date, interval: number): Finding[] {
  const active = keys.filter(({ phase }) => phase === 'active').toSorted((a, b) => +b.activatesAt - +a.activatesAt)[0]
  const hasNext = keys.some(({ phase }) => phase === 'next')
  if (keys.length === 0) return [ok('keys', 'There are no signing keys yet: the first start makes one.')]
  if (!active) {
    const why = 'Nothing signs access tokens until a process of the service runs.'
    return [found('error', 'keys', 'No signing key is active.', why, 'latchkey serve')]
  }
  const age = (now.getTime() - active.activatesAt.getTime()) / 1000
  if (age > interval && !hasNext) {
    const what = `The signing key is ${Math.floor(age / 86_400)} days old, and no successor is announced.`
    const why = 'Whoever serves announces one in time: nobody has served, or the clock was turned.'
    return [found('warning', 'keys', what, why, 'latchkey keys rotate')]
  }
  const count = keys.length === 1 ? '1 signing key' : `${keys.length} signing keys`
  return [ok('keys', `${count}, one active${hasNext ? ', its successor announced' : ''}.`)]
}
