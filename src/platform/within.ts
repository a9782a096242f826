/**
 * What comes of the promise, or null where that takes longer; it then goes on, and nobody hears how it ends.
 *
 * @param patience in milliseconds
 */
export async function within<T>(patience: number, promise: Promise<T>): Promise<T | null> {
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(() => late.resolve(null), patience)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
