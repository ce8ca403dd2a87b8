import { randomInt } from 'node:crypto';

/** Above all indexes that the kernel gives by itself, which count up from 1, and far below 2^31. */
const FIRST = 1 << 24;
const LAST = 2 ** 31 - 2 ** 20;

/**
 * Interface indexes of our choice, so that none has to be read back. They start anywhere and count up: a restarted agent hardly ever meets
 * the links of the one before, and an index is not used again while somebody may still take it for the old link. Whoever meets a taken one
 * (EEXIST, EBUSY) asks for the next.
 */
export class LinkNumbers {
  #next: number;

  constructor(start = randomInt(FIRST, LAST)) {
    this.#next = start;
  }

  next(): number {
    if (this.#next >= LAST) this.#next = FIRST;
    return this.#next++;
  }
}
