import { createHmac } from 'node:crypto'
import type { Secret } from '../../kernel/secret.ts'
import type { KeyOf } from '../application/ports.ts'

/**
 * Keys of 128 bits by HMAC-SHA-256: of one size whatever was typed, and of no use to who reads the tables. People type
 * their password where the e-mail address belongs.
 */
export const hmacKeys =
  (key: Secret<Buffer>): KeyOf =>
  (...words) =>
    createHmac('sha256', key.reveal()).update(JSON.stringify(words)).digest().subarray(0, 16).toString('base64url')
