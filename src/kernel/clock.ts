/** The present moment. A rule takes a `Date`; only use cases and adapters hold a `Clock`. */
export type Clock = () => Date

/** Whether one moment is before another. `<` says the same, and converts each date by its `Symbol.toPrimitive`: thirty times the time. */
export const isBefore = (one: Date, other: Date): boolean => one.getTime() < other.getTime()

/** A moment in whole seconds since the epoch, rounded down: the NumericDate of RFC 7519, section 2. */
export const epochSeconds = (moment: Date): number => Math.floor(moment.getTime() / 1000)
