/** How far something has come. */
export interface Progress {
  readonly done: number
  /** Each second, since it began. */
  readonly rate: number
  /** From 0 to 1, and how many seconds are left if it goes on like that; null where nobody knows the whole. */
  readonly part: number | null
  readonly remaining: number | null
}

/** Numbers of a progress from what was done and how much of the whole that was. */
export function createProgress(
  now: () => number = () => performance.now(),
): (done: number, part: number | null) => Progress {
  const begun = now()
  return (done, part) => {
    const seconds = Math.max(0.001, (now() - begun) / 1000)
    const remaining = part === null || part === 0 ? null : Math.round((seconds / part) * (1 - part))
    return { done, rate: Math.round(done / seconds), part, remaining }
  }
}
