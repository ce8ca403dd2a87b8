import type { Random } from '../../base/random.ts';

/** The machine's own randomness: for jitter and names, never for secrets. */
export const realRandom: Random = { fraction: () => Math.random() };
