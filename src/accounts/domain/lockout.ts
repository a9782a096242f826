/** Whether a password is tried from a place where the person has logged in before, or from elsewhere. */
export type Whence = 'known' | 'elsewhere'

export type IsLockedOut = (failures: number, from: Whence | null) => boolean

/**
 * How many attempts in a row may fail before no password is tried any more: together the 100 of NIST SP 800-63B-4,
 * section 3.2.2. Each of the two has its own half, so that strangers never use up what the person's own places have.
 */
export const allowedFailures: Readonly<Record<Whence, number>> = { known: 50, elsewhere: 50 }

/**
 * @param failures those in a row from such places, the attempt in question included.
 * @param from null where none counts.
 */
export const isLockedOut: IsLockedOut = (failures, from) => from !== null && failures > allowedFailures[from]
