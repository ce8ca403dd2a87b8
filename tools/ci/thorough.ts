/**
 * How many seeds or inputs a test of laws plays: all of them where BERTH_THOROUGH is set, as CI does; a fifth in
 * `npm run check`, which people wait for.
 */
export function runsOf(full: number): number {
  return process.env['BERTH_THOROUGH'] === '1' ? full : Math.ceil(full / 5);
}
