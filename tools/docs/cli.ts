import type { Command, Option } from 'commander';
import { EXIT } from '../../src/apps/cli/exit.ts';
import { program } from '../../src/apps/cli/program.ts';
import { code, markdownTable } from './table.ts';

/** What the exit codes mean. */
export function exitTable(): string {
  return markdownTable(
    ['code', 'meaning'],
    Object.values(EXIT).map(({ code: number, says }) => [String(number), says]),
  );
}

/** Every command with its arguments and options. */
export function commandsText(): string {
  const quiet = { out: () => {}, err: () => {}, colour: false, environment: {}, now: () => 0 };
  return commandsOf(
    program(quiet, () => {}),
    'berth',
  ).join('\n\n');
}

function commandsOf(of: Command, path: string): readonly string[] {
  return of.commands
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => {
      const name = `${path} ${command.name()}`;
      return command.commands.length > 0 ? commandsOf(command, name) : [commandText(command, name)];
    });
}

function commandText(command: Command, name: string): string {
  const words = command.registeredArguments.map((argument) => ` <${argument.name()}>`).join('');
  const head = `### ${code(name + words)}\n\n${sentence(command.description())}`;
  const rows = command.options.map((option) => [code(option.flags), optionText(option), defaultText(option)]);
  const given = command.registeredArguments.filter((argument) => argument.description !== '');
  const about = given.map((argument) => `\`${argument.name()}\` is ${argument.description}.`);
  return [head, ...about, ...(rows.length > 0 ? [markdownTable(['option', 'meaning', 'default'], rows)] : [])].join(
    '\n\n',
  );
}

function optionText(option: Option): string {
  const choices = option.argChoices === undefined ? '' : `one of ${option.argChoices.map(code).join(', ')}`;
  const variable = option.envVar === undefined ? '' : `variable ${code(option.envVar)}`;
  return [option.description, choices, variable].filter((part) => part !== '').join('; ');
}

function defaultText({ defaultValue, negate }: Option): string {
  if (negate || defaultValue === undefined || defaultValue === false) return '';
  return Array.isArray(defaultValue) ? '' : code(String(defaultValue));
}

function sentence(text: string): string {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}
