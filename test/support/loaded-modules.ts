/** Imported before a program, it writes the address of each module that is loaded into the file `LOADED_MODULES`. */
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const file = process.env.LOADED_MODULES
registerHooks({
  load(url, context, next) {
    if (file) appendFileSync(file, `${url}\n`)
    return next(url, context)
  },
})
