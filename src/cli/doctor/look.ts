import { failureOf } from '../failure.ts'
import { type Finding, found } from './finding.ts'

/** What a look has found. That it failed is a finding too, so that the others go on. */
export async function lookAt(
  check: string,
  mend: string,
  look: () => Finding[] | Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await look()
  } catch (error) {
    return [unseen(check, error, mend)]
  }
}

export function unseen(check: string, error: unknown, mend: string): Finding {
  const [what = ''] = failureOf(error).sentences
  return found('error', check, `This could not be looked at: ${what}`, 'What is wrong here stays unknown.', mend)
}
