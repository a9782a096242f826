/**
 * Requests a second within a stretch of time. Each counts with the share of its own time that lies within: answers come
 * in clusters, of threads in step or of batches, and on which side of an edge a cluster falls is chance.
 */
export class Rate {
  #from = Number.POSITIVE_INFINITY
  #until = Number.POSITIVE_INFINITY
  #done = 0

  /** @param at in milliseconds, like all times here. */
  begin(at: number): void {
    this.#from = at
  }

  end(at: number): void {
    this.#until = at
  }

  /** Also of one that was begun before the stretch, or ends after it. */
  add(startedAt: number, endedAt: number): void {
    const within = Math.min(endedAt, this.#until) - Math.max(startedAt, this.#from)
    if (within > 0) this.#done += within / (endedAt - startedAt)
  }

  get perSecond(): number {
    return (this.#done * 1000) / (this.#until - this.#from)
  }
}
