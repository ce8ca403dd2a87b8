import type { Clock } from '../../base/clock.ts';

const LONGEST_MS = 2 ** 31 - 1; // setTimeout fires at once beyond it

/** The machine's own time. A timer keeps the process alive until it fires or is cancelled. */
export const realClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  timer: (after, then) => {
    const timeout = setTimeout(then, Math.min(Math.max(after, 0), LONGEST_MS));
    return () => clearTimeout(timeout);
  },
};
