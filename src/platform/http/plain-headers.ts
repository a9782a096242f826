/**
 * What an answer bears that holds nothing for a browser to run, frame or guess. Most get it from helmet; this is for
 * those that are made before any hook, or without the framework.
 */
export const plainHeaders = (publicUrl: string): Readonly<Record<string, string>> => ({
  'content-security-policy': "default-src 'none';base-uri 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${yearInSeconds}; includeSubDomains` }),
})

export const yearInSeconds = 31_536_000
