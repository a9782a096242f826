/** How a command ends, for scripts. Public: a number is never given another meaning. */
export const exitCodes = {
  done: { code: 0, meaning: 'It is done; for a check: all is well.' },
  failed: { code: 1, meaning: 'It failed, or what was checked is not as it must be. Also: `serve` could not start.' },
  usage: {
    code: 2,
    meaning: 'The command line is wrong, or a confirmation is missing. Nothing was done.',
  },
  configuration: { code: 3, meaning: 'A variable of the configuration is wrong. Nothing was done.' },
  refused: { code: 4, meaning: 'What it names is not there, or what it asks for is not allowed. Nothing was done.' },
  database: {
    code: 5,
    meaning: 'The database does not answer, is in use by another process, or its tables are not those of this version.',
  },
  warned: { code: 6, meaning: '`doctor` found warnings and no errors.' },
  allRefused: { code: 7, meaning: '`users import` refused every line that it was to bring. Nothing was imported.' },
  interrupted: { code: 130, meaning: 'Somebody pressed Ctrl-C at a question.' },
} as const

export type Outcome = keyof typeof exitCodes
