import type { Family } from '../../base/ip.ts';
import { familyName } from '../../base/words.ts';

/** A count that no eye can read becomes a power of two. */
export function shortCount(count: string): string {
  return count.length <= 12 ? count : `~2^${Math.round(Math.log2(Number(count)))}`;
}

/** Behind the family the NICConfig by which its NICs stand. */
export function needName({
  family,
  config,
}: {
  readonly family: Family;
  readonly config?: string | undefined;
}): string {
  const name = familyName(family);
  return config === undefined ? name : `${name} (${config})`;
}
