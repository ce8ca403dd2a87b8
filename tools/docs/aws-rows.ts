import { readFileSync } from 'node:fs';
import { holdsTest, type NamedTest, testsByRow } from './tests.ts';
import { code, markdownTable } from './table.ts';
import type { AwsRow } from './aws-row.ts';
import { AWS_ROWS } from './aws-row-list.ts';

/** Every row with its state and what shows it: the tests that name it, and those that the list adds. */
export function rowsTable(): string {
  const named = testsByRow();
  const rows = AWS_ROWS.map((row, i) => {
    const tests = [...(named.get(i + 1) ?? []), ...(row.also ?? [])];
    return [`A${i + 1}`, row.asks, stateOf(row, tests), row.open ?? '', shownBy(row, tests)];
  });
  return markdownTable(['row', 'Berth', 'state', 'open', 'shown by'], rows);
}

/** How many rows are in each state, in a line. */
export function rowsCount(): string {
  const named = testsByRow();
  const states = AWS_ROWS.map((row, i) => stateOf(row, [...(named.get(i + 1) ?? []), ...(row.also ?? [])]));
  const count = (state: string) => states.filter((it) => it === state).length;
  return `${count('shown')} rows are shown, ${count('partly')} partly, ${count('open')} are open.`;
}

/** What is wrong with the list: tests that are not there, rows that nothing shows and nobody calls open. */
export function rowFaults(): readonly string[] {
  const named = testsByRow();
  const [least, most] = [1, AWS_ROWS.length];
  const beyond = [...named].filter(([row]) => row < least || row > most);
  const silent = AWS_ROWS.flatMap(({ open, also = [], command }, i) =>
    open === undefined && command === undefined && also.length === 0 && !named.has(i + 1) ? [i + 1] : [],
  );
  const gone = AWS_ROWS.flatMap(({ also = [] }) => also.filter((it) => !holdsTest(it)));
  return [
    ...beyond.map(([row, [test]]) => `${test?.file}: there is no row A${row}`),
    ...silent.map((row) => `tools/docs/aws-row-list.ts: nothing shows A${row}, and it is not said to be open`),
    ...AWS_ROWS.flatMap(({ command }) => (command === undefined || isScript(command) ? [] : [noScript(command)])),
    ...gone.map(({ file, name }) => `tools/docs/aws-row-list.ts: ${file} has no test "${name}"`),
  ];
}

function isScript(command: string): boolean {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
  return command.startsWith('npm run ') && (command.split(' ')[2] ?? '') in scripts;
}

function noScript(command: string): string {
  return `tools/docs/aws-row-list.ts: ${command} is no script of package.json`;
}

function stateOf({ open, command }: AwsRow, tests: readonly NamedTest[]): string {
  if (open === undefined) return 'shown';
  return tests.length > 0 || command !== undefined ? 'partly' : 'open';
}

function shownBy({ command }: AwsRow, tests: readonly NamedTest[]): string {
  const files = [...new Set(tests.map(({ file }) => file))];
  const told = files.map((file) => {
    const names = tests.filter((it) => it.file === file).map(({ name }) => `“${name}”`);
    return `${code(file)}: ${names.join('; ')}`;
  });
  return [...told, ...(command === undefined ? [] : [code(command)])].join('<br>');
}
