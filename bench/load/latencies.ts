/** Durations in milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Every duration of a round by what was asked for, each kept: nothing is rounded into a class. */
export class Recorder<Name extends string> {
  readonly #durations = new Map<Name, Durations>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(name: Name, milliseconds: number): void {
    this.#count++
    const durations = this.#durations.get(name) ?? new Durations()
    this.#durations.set(name, durations)
    durations.add(milliseconds)
  }

  summary(): Latencies {
    const all = new Durations()
    for (const durations of this.#durations.values()) for (const value of durations.values()) all.add(value)
    return summarize(all.values())
  }

  byName(): Partial<Record<Name, Latencies>> {
    const named = [...this.#durations].map(([name, durations]) => [name, summarize(durations.values())])
    return Object.fromEntries(named)
  }
}

class Durations {
  #values = new Float64Array(4_096)
  #count = 0

  add(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#count++] = milliseconds
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.#count)
  }
}

function summarize(values: Float64Array): Latencies {
  const sorted = values.toSorted()
  const [p50 = 0, p99 = 0, p999 = 0, max = 0] = [0.5, 0.99, 0.999, 1].map((share) => percentile(sorted, share))
  return { p50, p99, p999, max }
}

/** The smallest value that at least this share of all values does not exceed (nearest rank); NaN of none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}
