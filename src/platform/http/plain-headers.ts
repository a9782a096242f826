/**
 * What every answer bears: nothing in it is for a browser to run, frame or guess. A page says what it needs besides. The
 * answers themselves are for any origin that CORS lets read them.
 */
export const plainHeaders = (publicUrl: string): Readonly<Record<string, string>> => ({
  'content-security-policy': "default-src 'none';base-uri 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'cross-origin',
  ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${yearInSeconds}; includeSubDomains` }),
})

/** What a page bears besides: no window of another origin reaches into its own. */
export const pageHeaders = { 'cross-origin-opener-policy': 'same-origin' } as const

const yearInSeconds = 31_536_000
