import type { FieldError } from '../../kernel/refusal.ts'

/** What Ajv says of one rule that a request breaks. */
interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly params?: Readonly<Record<string, unknown>>
}

const most = 20

/** Field errors with stable codes, at most twenty. The values themselves are never repeated: one may be a password. */
export function fieldErrors(errors: readonly SchemaError[]): FieldError[] {
  return errors.slice(0, most).map((error) => {
    const { code, message } = describe(error)
    return { field: fieldOf(error), code, message }
  })
}

function fieldOf({ instancePath, params = {} }: SchemaError): string {
  const inner = params.missingProperty ?? params.additionalProperty
  const path = instancePath.split('/').slice(1)
  if (typeof inner === 'string') path.push(inner)
  const field = path.join('.')
  return /^[\w.-]{0,64}$/.test(field) ? field : ''
}

function describe({ keyword, params = {} }: SchemaError): { code: string; message: string } {
  switch (keyword) {
    case 'required':
      return { code: 'required', message: 'This field is required.' }
    case 'type':
      return { code: 'wrong_type', message: `This must be of type ${params.type}.` }
    case 'additionalProperties':
      return { code: 'unknown_field', message: 'This field is not known here.' }
    case 'format':
      return { code: 'invalid_format', message: `This is not in the format ${params.format}.` }
    case 'minLength':
      return { code: 'too_short', message: `This must have at least ${params.limit} characters.` }
    case 'maxLength':
      return { code: 'too_long', message: `This must have at most ${params.limit} characters.` }
    default:
      return { code: 'invalid', message: 'This value is not allowed.' }
  }
}
