import type { Clock } from '../../src/kernel/clock.ts'

/** A clock that moves when a test says so. It starts on a whole second. */
export type TestClock = Clock & { advance(seconds: number): void; set(moment: Date): void }

export function testClock(start = new Date('2026-11-22T12:00:00.000Z')): TestClock {
  let now = start.getTime()
  return Object.assign(() => new Date(now), {
    advance: (seconds: number) => {
      now += seconds * 1000
    },
    set: (moment: Date) => {
      now = moment.getTime()
    },
  })
}
