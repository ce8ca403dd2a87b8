import type { Blame } from './checkers.ts';

/** A law that was broken: in the seed's own run (`at` 0), or after the crash at one of its points. */
export interface Violation extends Blame {
  readonly seed: number;
  readonly at: number;
}

export interface SeedResult {
  readonly crashPoints: number;
  readonly violations: readonly Violation[];
}

/** A life that has been played, and the crashes in it that are to be. */
export interface Played<C> {
  readonly seed: number;
  /** Only the crash at this point is played. 0: none is. Then the life itself is not judged. */
  readonly at: number | undefined;
  /** No further crash is played after one that broke a law. */
  readonly untilBroken: boolean | undefined;
  readonly blames: readonly Blame[];
  readonly crashes: readonly C[];
}

/** What one seed amounts to. `after` plays what follows a crash. */
export async function verdict<C extends { readonly at: number }>(
  { seed, at, untilBroken = false, blames, crashes }: Played<C>,
  after: (crash: C) => Promise<readonly Blame[]>,
): Promise<SeedResult> {
  const violations: Violation[] = at ? [] : blames.map((blame) => ({ ...blame, seed, at: 0 }));
  let crashPoints = 0;
  for (const crash of crashes) {
    if (untilBroken && violations.length > 0) break;
    for (const blame of await after(crash)) violations.push({ ...blame, seed, at: crash.at });
    crashPoints++;
  }
  return { crashPoints, violations };
}
