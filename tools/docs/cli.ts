import type { Argument, Command, Option } from 'commander';
import { EXIT } from '../../src/apps/cli/exit.ts';
import { program as emulator } from '../../emulator/command/program.ts';
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
  const berth = program(quiet, () => {});
  return [...commandsOf(berth, 'berth'), emulatorText(), ...commandsOf(emulator(), 'berth emulator')].join('\n\n');
}

function commandsOf(of: Command, path: string): readonly string[] {
  return of.commands
    .filter((command) => !['help', 'emulator'].includes(command.name()))
    .flatMap((command) => {
      const name = `${path} ${command.name()}`;
      return command.commands.length > 0 ? commandsOf(command, name) : [commandText(command, name)];
    });
}

/** What all commands of the emulator have. */
function emulatorText(): string {
  return commandText(emulator(), 'berth emulator');
}

function commandText(command: Command, name: string): string {
  const words = command.registeredArguments.map((argument) => ` <${argument.name()}>`).join('');
  const head = `### ${code(name + words)}\n\n${sentence(command.description())}`;
  const rows = command.options.map((option) => [code(option.flags), optionText(option), defaultText(option)]);
  const about = command.registeredArguments.flatMap(aboutArgument);
  return [head, ...about, ...(rows.length > 0 ? [markdownTable(['option', 'meaning', 'default'], rows)] : [])].join(
    '\n\n',
  );
}

function aboutArgument(argument: Argument): readonly string[] {
  const { description, argChoices } = argument;
  const choices = argChoices === undefined ? '' : `one of ${argChoices.map(code).join(', ')}`;
  const told = [description, choices].filter((part) => part !== '').join('; ');
  return told === '' ? [] : [`${code(argument.name())} is ${told}.`];
}

function optionText(option: Option): string {
  const choices = option.argChoices === undefined ? '' : `one of ${option.argChoices.map(code).join(', ')}`;
  const variable = option.envVar === undefined ? '' : `variable ${code(option.envVar)}`;
  return [option.description, choices, variable].filter((part) => part !== '').join('; ');
}

function defaultText({ defaultValue, defaultValueDescription, negate }: Option): string {
  if (defaultValueDescription !== undefined) return code(defaultValueDescription);
  if (negate || defaultValue === undefined || defaultValue === false) return '';
  return Array.isArray(defaultValue) ? '' : code(String(defaultValue));
}

function sentence(text: string): string {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}
