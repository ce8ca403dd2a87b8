import type { Clock, Millis } from '../../base/clock.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import { EVENT_RING } from '../../core/datapath/numbers.ts';
import type { About, Decision, Deed } from '../../core/why/decision.ts';
import { about, emptyRing, push, type Ring } from '../../core/why/ring.ts';

/** The last decisions of this agent, for `berth why`. They live as long as the process. */
export class History {
  readonly #clock: Clock;
  #ring: Ring = emptyRing(EVENT_RING);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(whom: About, deed: Deed): void {
    this.#ring = push(this.#ring, { at: this.#clock.now(), about: whom, ...deed });
  }

  /** How long the last ADD of an attachment took; undefined when the ring no longer holds it. */
  addMs(id: AttachmentId): Millis | undefined {
    let found: Millis | undefined;
    for (const decision of this.#ring.decisions.values())
      if (decision.kind === 'attached' && decision.about.id === id) found = decision.ms;
    return found;
  }

  /** Everything that was decided about a pod, a container or an address, oldest first. */
  about(query: string): readonly Decision[] {
    return about(this.#ring, query);
  }
}

/** Whom a record is about. */
export function whom({ id, pod, addresses }: AttachmentRecord): About {
  return { id, pod, addresses };
}
