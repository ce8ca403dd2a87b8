import type { Actor } from './actor.ts';

const PATIENCE_MS = 2_000; // a packet that has not come by then is lost: nobody sends it again

/** How many packets went out, and how many were not answered. */
export interface Talked {
  readonly sent: number;
  readonly lost: number;
}

/**
 * Somebody sends packets to an address, each after the answer to the last and a pause, until it is told to stop. `as`:
 * the address that the other must see.
 */
export class Talk {
  readonly #end: Promise<Talked>;
  #going = true;

  constructor(from: Actor, { as, to, pauseMs = 0 }: { as: string; to: string; pauseMs?: number }) {
    this.#end = this.#run(() => from.seen(to, { protocol: 'udp', patienceMs: PATIENCE_MS }), { as, pauseMs });
  }

  stop(): Promise<Talked> {
    this.#going = false;
    return this.#end;
  }

  async #run(ask: () => Promise<string>, { as, pauseMs }: { as: string; pauseMs: number }): Promise<Talked> {
    let [sent, lost] = [0, 0];
    while (this.#going) {
      sent++;
      if ((await ask()) !== as) lost++;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { sent, lost };
  }
}
