import { configuration } from './configuration.ts'
import { kits } from './kits.ts'
import { checkAll } from './property.ts'
import { texts } from './texts.ts'
import { tokens } from './tokens.ts'

checkAll([...texts, ...tokens, ...configuration, ...kits])
