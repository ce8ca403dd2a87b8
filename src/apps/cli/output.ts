import type { Terminal } from './terminal.ts';

export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** Prints a value as asked: JSON and YAML show all of it, the table what `text` makes of it. */
export async function print<T>(
  terminal: Terminal,
  format: Format,
  value: T,
  text: (value: T) => string,
): Promise<void> {
  if (format === 'table') return terminal.out(text(value));
  if (format === 'json') return terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  terminal.out(await yamlText(value));
}

/** YAML as manifests are written: long lines stay whole, nothing is an alias. */
export async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
