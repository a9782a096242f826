import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'

/** What holds for every input. An input is JSON, so that one that broke it can be kept in `test/fixtures/crashers.json`. */
export interface Property {
  readonly name: string
  /** How many inputs the ordinary suite makes. */
  readonly runs: number
  /** @param times by how much more inputs than `runs` are made. */
  check(seed: number, times: number): Promise<void>
}

/** Every input that ever broke a property, and some that were picked by hand, by the property's name. */
export const crashers: Readonly<Record<string, readonly unknown[]>> = JSON.parse(
  readFileSync(new URL('../fixtures/crashers.json', import.meta.url), 'utf8'),
)

export function property<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
  runs = 300,
): Property {
  const examples = (crashers[name] ?? []).map((input): [T] => [input as T])
  return {
    name,
    runs,
    check: (seed, times) =>
      fc.assert(
        fc.asyncProperty(inputs, async (input) => holds(input)),
        { seed, examples, numRuns: runs * times + examples.length },
      ),
  }
}

/** The seed of the ordinary suite, which makes the same inputs each time; the long one takes another. */
export const fixedSeed = 20261124

/** One test for each property. What fails names its seed and the smallest input that it found. */
export function checkAll(properties: readonly Property[], seed = fixedSeed, times = 1): void {
  for (const { name, check } of properties) test(name, () => check(seed, times))
}
