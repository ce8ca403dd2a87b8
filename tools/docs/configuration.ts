import { hostname } from 'node:os';
import { configKeys } from '../../src/io/config/keys.ts';
import { durationText } from '../../src/io/config/values.ts';
import { code, markdownTable } from './table.ts';

const DURATIONS = /^(pool\.(cooldown|patience)|repair\.(delay|interval)|aws\.timeout)$/;

/** Every key of the configuration file. */
export function keysTable(): string {
  const rows = configKeys().map(({ key, about, fallback, restart, variable }) => [
    code(key),
    code(fallbackText(key, fallback)),
    about,
    restart ? 'start' : 'live',
    code(variable ?? ''),
  ]);
  return markdownTable(['key', 'default', 'meaning', 'taken on', 'variable'], rows);
}

/** As it would be written in the file. */
function fallbackText(key: string, value: unknown): string {
  if (value === undefined || value === hostname()) return '';
  return DURATIONS.test(key) ? durationText(Number(value)) : typeof value === 'string' ? value : JSON.stringify(value);
}
