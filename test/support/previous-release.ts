import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The newest release's tag behind this commit, this one's own only where there is no other; null without any. */
export async function previousRelease(cwd: string): Promise<string | null> {
  const words = ['describe', '--tags', '--match', 'v[0-9]*', '--abbrev=0']
  const tagOf = (commit: string) =>
    run('git', [...words, commit], { cwd }).then(
      ({ stdout }) => stdout.trim(),
      () => null,
    )
  return (await tagOf('HEAD^')) ?? (await tagOf('HEAD'))
}
