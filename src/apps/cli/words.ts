/** A count that no eye can read becomes a power of two. */
export function shortCount(count: string): string {
  return count.length <= 12 ? count : `~2^${Math.round(Math.log2(Number(count)))}`;
}
