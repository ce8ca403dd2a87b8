import { randomInt } from 'node:crypto';

/** Above all indexes that the kernel gives by itself, which count up from 1, and far below 2^31. */
const FIRST = 1 << 24;
const LAST = 2 ** 31 - 2 ** 24;
/** How far from a link that stands we begin: the ends of pods lie beside their hosts', and months of pods have room. */
const ROOM = 1 << 22;

/**
 * Interface indexes of our choice, so that none has to be read back. They begin anywhere where no link is and count
 * up: a restarted agent does not meet the links of the one before, and an index is not used again while somebody may
 * still take it for the old link.
 */
export class LinkNumbers {
  #next: number;

  /** `taken` are the indexes of the links there are. */
  constructor(taken: readonly number[]) {
    do this.#next = randomInt(FIRST, LAST);
    while (taken.some((index) => Math.abs(index - this.#next) < ROOM) && taken.length < (LAST - FIRST) / ROOM / 4);
  }

  next(): number {
    if (this.#next >= LAST) this.#next = FIRST;
    return this.#next++;
  }
}
