import type { Command } from 'commander';
import { loadEmulator } from '../emulator.ts';
import type { ExitKind } from '../exit.ts';
import type { Terminal } from '../terminal.ts';

/** What can follow a word of the command line. */
interface Word {
  readonly path: string; //                 "config print", or "" for berth itself
  readonly next: readonly string[]; //      commands, options, choices
  readonly asksPods: boolean; //            the names of pods fit too
}

/** `berth completion bash|zsh`: a script made from the commands as they are. */
export async function completion(terminal: Terminal, berth: Command, shell: string): Promise<ExitKind> {
  const own = wordsOf(berth).filter(({ path }) => path !== 'emulator');
  const words = [...own, ...wordsOf((await loadEmulator()).program(), 'emulator')];
  terminal.out(shell === 'zsh' ? zsh(words) : bash(words));
  return 'ok';
}

function wordsOf(of: Command, path = ''): readonly Word[] {
  const options = of.options.filter(({ hidden }) => !hidden).map((option) => option.long ?? option.short ?? '');
  const choices = of.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const asksPods = of.registeredArguments.some((argument) => argument.name() === 'query');
  const next = [...of.commands.map((command) => command.name()), ...choices, ...options];
  const inner = of.commands.flatMap((command) => wordsOf(command, `${path} ${command.name()}`.trim()));
  return [{ path, next, asksPods }, ...inner];
}

const PODS = 'berth pods -o name 2>/dev/null';

function bash(words: readonly Word[]): string {
  return `# berth completion for bash
_berth() {
  local path="" word current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${words
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      "${before(path)} ${last(path)}") path="${path}" ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${words.map((word) => `    "${word.path}") COMPREPLY=($(compgen -W "${listOf(word)}" -- "$current")) ;;`).join('\n')}
  esac
}
complete -o default -F _berth berth
`;
}

function zsh(words: readonly Word[]): string {
  return `#compdef berth
# berth completion for zsh
_berth() {
  local path="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path $word" in
${words
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      "${before(path)} ${last(path)}") path="${path}" ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${words.map((word) => `    "${word.path}") compadd -- \${(z)"$(echo "${listOf(word)}")"} ;;`).join('\n')}
  esac
}
compdef _berth berth
`;
}

function listOf({ next, asksPods }: Word): string {
  return [...next, ...(asksPods ? [`$(${PODS})`] : [])].join(' ');
}

/** "config print" → "config", the words that came before. */
function before(path: string): string {
  return path.split(' ').slice(0, -1).join(' ');
}

function last(path: string): string {
  return path.split(' ').at(-1) ?? '';
}
