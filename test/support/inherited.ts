/**
 * What a program that a test starts has from the tests' own environment, beside what the test gives it: where programs
 * are, and what the runner measures and caches, it measures and caches there too.
 */
export function inherited(): Record<string, string> {
  const names = ['PATH', 'NODE_V8_COVERAGE', 'NODE_COMPILE_CACHE']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
