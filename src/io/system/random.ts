import type { Random } from '../../base/random.ts';

/** The machine's own. For jitter, never for secrets. */
export const realRandom: Random = { fraction: () => Math.random() };
