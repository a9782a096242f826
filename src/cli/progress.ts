import type { Terminal } from './terminal.ts'

/** What takes long says how far it is, on standard error and only where somebody looks. */
export interface Progress {
  /** @param done of `total`, in whatever is counted; a total that is not known is null. */
  at(done: number, total: number | null): void
  /** Leaves the line to whatever comes next. */
  end(): void
}

/** In milliseconds: more often nobody reads, and what is over sooner needs no line. */
const interval = 200

/** @param now a clock that never goes back, in milliseconds. */
export function progressOn(
  { stderr }: Pick<Terminal, 'stderr'>,
  what: string,
  now = () => performance.now(),
): Progress {
  if (!stderr.isTTY) return { at: () => undefined, end: () => undefined }
  const startedAt = now()
  let shownAt = startedAt
  let shown = false
  return {
    at(done, total) {
      if (now() - shownAt < interval) return
      shownAt = now()
      shown = true
      stderr.write(`\r\x1b[K${progressLine(what, done, total, (shownAt - startedAt) / 1000)}`)
    },
    end() {
      if (shown) stderr.write('\r\x1b[K')
    },
  }
}

/** `audit export  [######........]  43 %  12 000 of 28 000  4 100/s  4 s left` */
export function progressLine(what: string, done: number, total: number | null, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0
  const speed = `${grouped(Math.round(rate))}/s`
  if (total === null || total <= 0) return [what, grouped(done), speed].join('  ')
  const share = Math.min(1, done / total)
  const bar = `[${'#'.repeat(Math.round(share * 20)).padEnd(20, '.')}]`
  const left = rate > 0 ? `${span((total - Math.min(done, total)) / rate)} left` : ''
  const count = `${grouped(done)} of ${grouped(total)}`
  return [what, bar, `${Math.floor(share * 100)} %`, count, speed, left].join('  ').trimEnd()
}

const grouped = (count: number): string => count.toLocaleString('en').replaceAll(',', ' ')

function span(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
