import { hostname } from 'node:os';
import { controllerKeys } from '../../src/io/config/controller-keys.ts';
import { configKeys, type ConfigKey } from '../../src/io/config/keys.ts';
import { durationText } from '../../src/io/config/values.ts';
import { code, markdownTable } from './table.ts';

const DURATIONS =
  /^(pool\.(cooldown|patience)|repair\.(delay|interval)|aws\.timeout|cloud\.podNicIdle|leaked\.interval)$/;

/** Every key of the configuration file. */
export function keysTable(): string {
  const rows = configKeys().map((it) => {
    const [key = '', fallback = '', about = '', variable = ''] = cells(it);
    return [key, fallback, about, it.restart ? 'start' : 'live', variable];
  });
  return markdownTable(['key', 'default', 'meaning', 'taken on', 'variable'], rows);
}

/** Every key of the controller's file. */
export function controllerKeysTable(): string {
  return markdownTable(['key', 'default', 'meaning', 'variable'], controllerKeys().map(cells));
}

function cells({ key, about, fallback, variable }: ConfigKey): readonly string[] {
  return [code(key), code(fallbackText(key, fallback)), about, code(variable ?? '')];
}

/** As it would be written in the file. */
function fallbackText(key: string, value: unknown): string {
  if (value === undefined || value === hostname()) return '';
  return DURATIONS.test(key) ? durationText(Number(value)) : typeof value === 'string' ? value : JSON.stringify(value);
}
