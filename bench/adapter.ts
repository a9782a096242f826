/** What a server under test can be asked. */
export const kinds = ['register', 'login', 'refresh', 'me', 'jwks'] as const
export type Kind = (typeof kinds)[number]

export interface Account {
  readonly email: string
  readonly password: string
}

/** Whatever an adapter needs to speak for somebody who is logged in: tokens or cookies. It crosses processes as JSON. */
export type Session = Readonly<Record<string, string>>

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  /** The status line and the headers, as they came. */
  readonly head: string
  readonly body: string
}

/** One kind of request: how it looks, and what is a success. */
export interface Call<Subject> {
  request(subject: Subject): Request
  readonly status: number
  /** Throws where an answer of that status is still no success. */
  check?(answer: Answer): void
  /** The session after this answer. */
  session?(answer: Answer, subject: Subject): Session
}

/** The calls of a server. One that it does not have is not measured. */
export interface Calls {
  readonly register?: Call<Account>
  readonly login?: Call<Account>
  readonly refresh?: Call<Session>
  readonly me?: Call<Session>
  readonly jwks?: Call<null>
}

/** Where a server is to run. Its database is empty before `prepare` and its own. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly databaseUrl: string
  /** An empty folder of its own. */
  readonly folder: string
}

export interface Launch {
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A server that can be put under test. The module of an adapter exports it as `adapter`. */
export interface Adapter {
  readonly name: string
  /** One sentence for the report: the version, and what differs from an ordinary set-up. */
  readonly about: string
  readonly calls: Calls
  /** Installs and builds what is missing: once, before anything is measured. */
  install?(): Promise<void>
  /** Makes the tables, where the server does not do so when it starts. */
  prepare?(place: Place): Promise<void>
  launch(place: Place): Launch
  /** Answers any status below 500 once the server is ready. */
  readonly ready: string
  /** What is set beside `launch`'s environment while sessions are seeded, for instance cheaper hashes. */
  readonly seedingEnv?: Readonly<Record<string, string>>
  /** Opens sessions in another way than by `register` and `login`. */
  seed?(place: Place, count: number): Promise<Session[]>
}
