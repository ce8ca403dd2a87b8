import { readFileSync } from 'node:fs';

/** The last lines of a log, for an error that nobody could understand without them. */
export function endOf(file: string, lines = 15): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
