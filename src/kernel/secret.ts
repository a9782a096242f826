import { inspect } from 'node:util'

/** A value that must never be printed: logs, errors, JSON and inspection all show `[secret]`. */
export class Secret<T extends string | Buffer = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The only way to the value; its call sites are what a reviewer has to read. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
