import { readFileSync } from 'node:fs'
import type { JsonObject } from '../../src/verify/json.ts'

export type Verdict = 'valid' | 'invalid' | 'acceptable'

/** One vector of Project Wycheproof, beside the key that its group has. Bytes are in base64url. */
export interface Vector {
  readonly name: string
  readonly verdict: Verdict
  readonly jwk: Readonly<Record<string, string>>
  /** Message and signature. */
  readonly texts: readonly string[]
}

/** The vectors of a file: its first line names the source, then each key comes before the vectors that it is for. */
export function wycheproof(name: string): Vector[] {
  const [source = '', ...lines] = readFileSync(new URL(`wycheproof/${name}.jsonl`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  let jwk: Vector['jwk'] = {}
  const vectors: Vector[] = []
  for (const line of lines) {
    const value: { key: Vector['jwk'] } | [number, Verdict, string, ...string[]] = JSON.parse(line)
    if (!Array.isArray(value)) {
      jwk = value.key
      continue
    }
    const [id, verdict, comment, ...texts] = value
    vectors.push({ name: `${id}: ${comment}`, verdict, jwk, texts })
  }
  if (vectors.length !== JSON.parse(source).kept) throw new Error(`${name}.jsonl has lost vectors`)
  return vectors
}

/** An example of an RFC. */
export interface Example {
  readonly alg: string
  readonly jwk: JsonObject & Readonly<Record<string, string>>
  readonly d?: string
  readonly token?: string
  readonly thumbprint?: string
}

export const rfcExamples: ReadonlyMap<string, Example> = new Map(
  Object.entries(JSON.parse(readFileSync(new URL('rfc.json', import.meta.url), 'utf8'))),
)
