import type { Command, Option } from 'commander'

/** A command as a shell has to know it. */
interface Node {
  /** The words that lead to it, without the program's name. */
  readonly place: string
  readonly commands: readonly Word[]
  readonly options: readonly Word[]
  /** Values of options and of the argument that are known beforehand. */
  readonly choices: readonly string[]
}

interface Word {
  readonly word: string
  readonly about: string
}

/** The scripts by shell. Each is made from the tree of commands, and asks the program nothing while somebody types. */
export const shells = { bash, zsh, fish } as const

export const completionFor = (shell: keyof typeof shells, program: Command): string => shells[shell](nodesOf(program))

function nodesOf(program: Command): Node[] {
  const nodes: Node[] = []
  const visit = (command: Command, words: readonly string[], inherited: readonly Option[]) => {
    const options = [...command.options.filter((option) => !option.hidden), ...inherited]
    nodes.push({
      place: words.join(' '),
      commands: command.commands.map((one) => ({ word: one.name(), about: one.description() })),
      options: [
        ...options.map((option) => ({ word: option.long ?? option.short ?? '', about: option.description })),
        { word: '--help', about: 'print help' },
      ],
      choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    })
    for (const one of command.commands) {
      visit(
        one,
        [...words, one.name()],
        command.parent ? inherited : options.filter(({ long }) => long !== '--version'),
      )
    }
  }
  visit(program, [], [])
  return nodes
}

const wordsOf = ({ commands, options, choices }: Node) =>
  [...commands, ...options].map(({ word }) => word).concat(choices)

/** In single quotes of a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

// A value of an option is no word of the place, but shells can't know: the longest place that fits counts.
function bash(nodes: readonly Node[]): string {
  const cases = nodes.map((node) => `    ${quoted(node.place)}) words=${quoted(wordsOf(node).join(' '))} ;;`)
  return `# latchkey completion for bash
_latchkey() {
  local current="\${COMP_WORDS[COMP_CWORD]}" place='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) _latchkey_words "\${place:+$place }$word" && place="\${place:+$place }$word" ;; esac
  done
  _latchkey_words "$place"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_latchkey_words() {
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
}
complete -o default -F _latchkey latchkey`
}

function zsh(nodes: readonly Node[]): string {
  const entry = ({ word, about }: Word) => quoted(`${word.replaceAll(':', '\\:')}:${about}`)
  const cases = nodes.map((node) => {
    const words = [...node.commands, ...node.choices.map((word) => ({ word, about: '' })), ...node.options]
    return `    ${quoted(node.place)}) entries=(${words.map(entry).join(' ')}) ;;`
  })
  return `#compdef latchkey
# latchkey completion for zsh
_latchkey() {
  local place='' word
  local -a entries
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && continue
    _latchkey_entries "\${place:+$place }$word" && place="\${place:+$place }$word"
  done
  _latchkey_entries "$place"
  _describe latchkey entries
}
_latchkey_entries() {
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
}
if [[ $funcstack[1] == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi`
}

function fish(nodes: readonly Node[]): string {
  const fishQuoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = nodes.flatMap((node) => {
    const at = `-n ${fishQuoted(`__latchkey_at ${fishQuoted(node.place)}`)}`
    return [
      ...node.commands.map(({ word, about }) => `complete -c latchkey ${at} -f -a ${word} -d ${fishQuoted(about)}`),
      ...node.choices.map((word) => `complete -c latchkey ${at} -f -a ${word}`),
      ...node.options.map(
        ({ word, about }) => `complete -c latchkey ${at} -l ${word.slice(2)} -d ${fishQuoted(about)}`,
      ),
    ]
  })
  return `# latchkey completion for fish
set -g __latchkey_places ${nodes.map(({ place }) => fishQuoted(place)).join(' ')}
function __latchkey_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim -- "$place $word")
    contains -- "$longer" $__latchkey_places; and set place "$longer"
  end
  test "$place" = "$argv[1]"
end
${lines.join('\n')}`
}
