import { randomBytes } from 'node:crypto'
import { hashSync } from '@node-rs/bcrypt'
import type { Bcrypt } from './bcrypt-hash.ts'

// bcrypt writes base64 in an alphabet of its own, without padding.
const theirs = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const usual = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const translate = (text: string, from: string, to: string) =>
  text.replace(/./g, (letter) => to.charAt(from.indexOf(letter)))

const saltBytes = 16

/** bcrypt as the native library computes it. It blocks its thread for a whole hash. */
export const nativeBcrypt: Bcrypt = {
  salt: (cost) => {
    const text = randomBytes(saltBytes).toString('base64').replace(/=+$/, '')
    return `$2b$${String(cost).padStart(2, '0')}$${translate(text, usual, theirs)}`
  },

  hash: (key, salt) => {
    const bytes = Buffer.from(translate(salt.slice(7), theirs, usual), 'base64')
    return hashSync(key, Number(salt.slice(4, 6)), bytes)
  },
}
