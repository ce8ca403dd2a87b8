/** Where randomness comes from. The simulator replaces it, so that one seed is one run. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
}

/** A small repeatable source (mulberry32): the same seed gives the same numbers on every machine. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return {
    fraction: () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
