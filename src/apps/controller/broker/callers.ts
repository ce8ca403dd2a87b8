import { createHash } from 'node:crypto';
import type { Clock, Millis } from '../../../base/clock.ts';
import { type Admission, type Bearer, type BrokerRefusal, nodeOf } from '../../../core/cluster/broker.ts';

/** A token is believed for so long after the API server has confirmed it. One that it does not know is asked again. */
const BELIEVED_MS: Millis = 60_000;
/** More than a cluster has nodes. */
const MOST = 20_000;
/** Tokens that are asked of the API server at a time: all agents come at once when another replica leads. */
const AT_ONCE = 32;

export interface CallerDoors {
  /** Asks the API server whose token it is. Throws KubeError. */
  readonly review: (token: string) => Promise<Bearer>;
  readonly admission: Admission;
  readonly clock: Clock;
}

/** Who asks: the node that a token speaks for. Tokens themselves are not kept. */
export class Callers {
  readonly #doors: CallerDoors;
  readonly #waiting: (() => void)[] = [];
  #asking = 0;
  readonly #known = new Map<string, { readonly node: string; readonly until: Millis }>();

  constructor(doors: CallerDoors) {
    this.#doors = doors;
  }

  /** Throws what `review` throws. */
  async nodeOf(authorization: string): Promise<{ readonly node: string } | BrokerRefusal> {
    const { admission, clock } = this.#doors;
    const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
    if (token === undefined) return { why: 'unknown-token', message: 'there is no bearer token' };
    const key = createHash('sha256').update(token).digest('base64');
    const before = this.#known.get(key);
    if (before !== undefined && clock.steady() < before.until) return { node: before.node };
    this.#known.delete(key);
    const found = nodeOf(await this.#review(token), admission);
    if (!('node' in found)) return found;
    this.#known.set(key, { node: found.node, until: clock.steady() + BELIEVED_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }

  async #review(token: string): Promise<Bearer> {
    if (this.#asking < AT_ONCE) this.#asking++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#doors.review(token);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#asking--;
      else next();
    }
  }
}
