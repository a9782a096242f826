/** The object identifier of bigint (pg_type.dat). */
export const int8 = 20

/**
 * The number that PostgreSQL's `bigint` stands for.
 *
 * @throws RangeError beyond plus or minus 2^53 - 1, where a number would silently be another one
 */
export function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`The bigint ${text} is beyond what a number can hold exactly`)
  return value
}
