import type { Family } from './ip.ts';
import type { Millis } from './clock.ts';

// How numbers become words, the same in errors, logs and the command line.

/**
 * A duration as a person says it, with at most two units: "350 ms", "24 s", "2 min 5 s", "3 h", "2 d 4 h". Never less
 * than 0 ms.
 */
export function duration(ms: Millis): string {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const at = Math.max(
    0,
    units.findIndex(([size]) => Math.round(ms / 1000) >= size),
  );
  let rest = Math.round(ms / 1000);
  const parts = units.slice(at, at + 2).map(([size, name]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? '' : `${count} ${name}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

/** "1 address", "3 addresses", "no addresses". The plural is the singular with an s unless it is given. */
export function counted(count: number | bigint, singular: string, plural: string = `${singular}s`): string {
  if (Number(count) === 0) return `no ${plural}`;
  return `${count} ${Number(count) === 1 ? singular : plural}`;
}

/** "a", "a and b", "a, b and c". Behind the fifth only their number is told. */
export function listed(items: readonly string[]): string {
  const all = items.length <= 6 ? items : [...items.slice(0, 5), `${items.length - 5} more`];
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

/** A family as people write it. */
export function familyName(family: Family): 'IPv4' | 'IPv6' {
  return family === 'v4' ? 'IPv4' : 'IPv6';
}
