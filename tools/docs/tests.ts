import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['src', 'emulator', 'sim', 'test', 'tools'];
/** A text that opens a call, or stands at the head of a line: the name of a test, and seldom anything else. */
const NAMES = /(?:^\s*|\()(['"`])((?:\\.|(?!\1).)+)\1/gm;
/** A row of the acceptance list for AWS: A1 to A90. */
const ROW = /\bA([1-9]\d?)\b/g;
const LEAST = 16; // letters: what is shorter is a value in a table, no sentence

/** A test, by its file and its name as it is written there. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** Tests that name rows of the acceptance list for AWS, by row, in order of their files. */
export function testsByRow(): ReadonlyMap<number, readonly NamedTest[]> {
  const found = new Map<number, NamedTest[]>();
  for (const file of testFiles())
    for (const name of namesIn(readFileSync(file, 'utf8')))
      for (const row of rowsOf(name)) found.set(row, [...(found.get(row) ?? []), { file, name }]);
  return found;
}

/** The rows that a name of a test cites. */
export function rowsOf(name: string): readonly number[] {
  return [...new Set([...name.matchAll(ROW)].map(([, row]) => Number(row)))];
}

/** The names of tests in a source, as far as they are written out there. */
export function namesIn(text: string): readonly string[] {
  const names = [...text.matchAll(NAMES)].map(([, , name = '']) => name.replaceAll(/\\(.)/g, '$1'));
  return [...new Set(names)].filter((name) => name.length >= LEAST && name.includes(' '));
}

/** Whether a file holds a text of that name. */
export function holdsTest({ file, name }: NamedTest): boolean {
  const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``, `'${name.replaceAll("'", "\\'")}'`];
  const text = readFileSync(file, 'utf8');
  return quoted.some((it) => text.includes(it));
}

function testFiles(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .toSorted()
      .map((name) => join(folder, name)),
  );
}
