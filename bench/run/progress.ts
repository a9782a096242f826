/** What is being done and how long it still takes, on one line of standard error that is written over. */
export interface Progress {
  /** @param seconds how long this step takes, of those that were expected in all. */
  step(text: string, seconds: number): void
  done(): void
}

export function showProgress(expected: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  let left = expected
  let length = 0
  return {
    step(text, seconds) {
      const line = `${clock(left)} left · ${text}`
      left = Math.max(0, left - seconds)
      if (!stream.isTTY) return void stream.write(`${line}\n`)
      stream.write(`\r${line.slice(0, stream.columns - 1).padEnd(length)}`)
      length = line.length
    },
    done() {
      if (stream.isTTY) stream.write(`\r${' '.repeat(length)}\r`)
    },
  }
}

/** Minutes and seconds, as `4:05`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
