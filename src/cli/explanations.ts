import type { AuditKind, RecordedEvent } from '../audit/index.ts'
import type { RefusalCode } from '../kernel/refusal.ts'

/** What an event means, in words for an operator. */
export interface Explanation {
  /** What was asked, and what became of it. */
  readonly what: string
  /** The exact reason, which the caller was not told. */
  readonly why: string | null
  /** What the caller was answered; null where they were not refused. */
  readonly answer: RefusalCode | null
  /** What the operator can do about it, where that is something. */
  readonly hint: string | null
}

interface Refused {
  readonly what: string
  readonly answer: RefusalCode
  /** By the event's subject; the last resort is the subject itself. */
  readonly reasons?: Readonly<Record<string, string>>
  readonly otherwise?: string
  readonly hints?: Readonly<Record<string, string>>
}

const unlock = 'If it was the person: `latchkey users unlock` has the password tried again.'

/** Every kind of event that stands for a refusal. */
export const refusals: Partial<Readonly<Record<AuditKind, Refused>>> = {
  login_failed: {
    what: 'A login was refused',
    answer: 'invalid_credentials',
    reasons: {
      'unknown e-mail': 'no account has the e-mail address that was typed',
      'wrong password': 'the password is not that of the account',
      'locked out': 'too many logins of this account have failed in a row, and no password was tried any more',
      disabled: 'the account is disabled',
      'no password opens it': 'the account has no password',
      'the account changed meanwhile':
        'the account was disabled, or its password was changed, while it was being opened',
    },
    hints: {
      'locked out': unlock,
      disabled: '`latchkey users enable` opens it again.',
      'no password opens it': '`latchkey users set-password` gives it one.',
      'the account changed meanwhile': '`latchkey users show` says whether it is disabled.',
    },
  },
  registration_refused: {
    what: 'A registration was refused',
    answer: 'email_taken',
    otherwise: 'an account with the e-mail address exists already',
  },
  password_refused: {
    what: 'A change of password was refused',
    answer: 'invalid_credentials',
    reasons: {
      'locked out': 'too many passwords have been wrong in a row, and none was tried any more',
      'the old password is wrong': 'the old password was wrong',
      'the password was changed meanwhile': 'another change came first',
    },
    hints: { 'locked out': unlock },
  },
  token_refused: {
    what: 'A genuine token was refused',
    answer: 'invalid_token',
    reasons: {
      invalid_token:
        'its session is over: logged out, revoked, or the account was disabled, deleted or given another password',
      token_expired: 'it was past its end, or its session was',
      refresh_token_reused:
        'it had been exchanged a moment before: two tabs raced, or the first answer was lost. The session lives on',
    },
    hints: {
      refresh_token_reused: 'REFRESH_REUSE_POLICY=repeat has such a call answered with the token that exists.',
    },
  },
  refresh_token_reused: {
    what: 'A refresh was refused and the session ended',
    answer: 'refresh_token_reused',
    otherwise:
      'the refresh token had been exchanged before, and longer ago than a race could explain: it may be stolen',
    hints: { '': 'The person has to log in again. `latchkey audit tail --user` shows what else their account saw.' },
  },
  rate_limited: {
    what: 'A call was refused by a limit',
    answer: 'too_many_requests',
    reasons: {
      register: 'too many registrations from this network address',
      login: 'too many logins from this network address',
      'login-pair': 'too many logins to one account from this network address',
      'login-elsewhere': 'too many logins to one account from places where nobody has logged in to it before',
      refresh: 'too many refreshes from this network address',
      'refresh-account': 'too many refreshes of this account',
      password: 'too many changes of the password of this account',
    },
    hints: { 'login-elsewhere': unlock },
  },
}

/** What the caller was told where the event's subject is that code itself. */
const codes: ReadonlySet<string> = new Set<RefusalCode>(['invalid_token', 'token_expired', 'refresh_token_reused'])

export function explain({ kind, subject }: Pick<RecordedEvent, 'kind' | 'subject'>): Explanation {
  const refused = Object.hasOwn(refusals, kind) ? refusals[kind as AuditKind] : undefined
  if (!refused) return { what: `Not a refusal: ${kind}`, why: subject, answer: null, hint: null }
  // Of many that come at once the last says that more were left out.
  const reason = subject?.replace(/, and more that are left out$/, '') ?? ''
  const { what, answer, reasons = {}, otherwise, hints = {} } = refused
  return {
    what,
    why: reasons[reason] ?? otherwise ?? subject,
    answer: kind === 'token_refused' && codes.has(reason) ? (reason as RefusalCode) : answer,
    hint: hints[reason] ?? null,
  }
}
