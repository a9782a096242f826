import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { urlOfEachHost } from '../../src/kernel/database-url.ts'

const read = (text: string) => urlOfEachHost(text)?.map(({ href }) => href) ?? null

describe('a URL of a database', () => {
  for (const [what, text, urls] of [
    ['one host', 'postgres://a/d', ['postgres://a/d']],
    ['a port', 'postgres://a:5433/d', ['postgres://a:5433/d']],
    ['no host, which is a socket', 'postgres:///d', ['postgres:///d']],
    ['no database', 'postgres://a', ['postgres://a']],
    ['two hosts', 'postgres://a,b/d', ['postgres://a/d', 'postgres://b/d']],
    [
      'several hosts and all else',
      'PostgreSQL://user:pass@a:1,b:2,[::1]:3/d?sslmode=require#x',
      [
        'postgresql://user:pass@a:1/d?sslmode=require#x',
        'postgresql://user:pass@b:2/d?sslmode=require#x',
        'postgresql://user:pass@[::1]:3/d?sslmode=require#x',
      ],
    ],
    ['hosts before parameters', 'postgres://a,b?x=1', ['postgres://a?x=1', 'postgres://b?x=1']],
    ['hosts before a fragment', 'postgres://a,b#x', ['postgres://a#x', 'postgres://b#x']],
    ['a comma in the password', 'postgres://u:p,q@a,b/d', ['postgres://u:p,q@a/d', 'postgres://u:p,q@b/d']],
    ['an @ in the password', 'postgres://u:p@q@a,b/d', ['postgres://u:p%40q@a/d', 'postgres://u:p%40q@b/d']],
    ['commas and an @ behind the hosts', 'postgres://a/d,e@f', ['postgres://a/d,e@f']],
  ] as const) {
    it(`is one for each of its hosts, in their order: ${what}`, () => assert.deepEqual(read(text), urls))
  }

  for (const [what, text] of [
    ['nothing', ''],
    ['no scheme', 'a,b/d'],
    ['something before it', ' postgres://a,b/d'],
    ['a digit before it', '1postgres://a,b/d'],
    ['a port that is none', 'postgres://a:x/d'],
    ['one of several ports that is none', 'postgres://a:1,b:x/d'],
    ['the first of several ports that is none', 'postgres://a:x,b:1/d'],
    ['an empty host among several', 'postgres://a,,b/d'],
    ['an empty host before others', 'postgres://,b/d'],
    ['an empty host behind others', 'postgres://a,/d'],
    ['a user of no host', 'postgres://u@/d'],
  ] as const) {
    it(`is none where one of its hosts makes none: ${what}`, () => assert.equal(read(text), null))
  }
})
