/** A JSON object without a prototype: what it does not hold itself is undefined, whatever `Object.prototype` holds. */
export type JsonObject = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws Error when the bytes are no JSON object in UTF-8. */
export function parseObject(bytes: Uint8Array<ArrayBuffer>): JsonObject {
  const value: unknown = JSON.parse(utf8.decode(bytes), bare)
  if (!isObject(value)) throw new TypeError('not a JSON object')
  return value
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Takes the prototype from every object, and leaves out members that would set one where they are copied. */
function bare(name: string, value: unknown): unknown {
  if (name === '__proto__') return undefined
  return isObject(value) ? Object.setPrototypeOf(value, null) : value
}
