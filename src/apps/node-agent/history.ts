import type { Clock, Millis } from '../../base/clock.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import { EVENT_RING } from '../../core/datapath/numbers.ts';
import type { About, Decision, Deed } from '../../core/why/decision.ts';
import { about, emptyRing, push, type Ring } from '../../core/why/ring.ts';

/** The last decisions of this agent, for `berth why`. They live as long as the process. */
export class History {
  readonly #clock: Clock;
  #ring: Ring = emptyRing(EVENT_RING);
  readonly #hearers: ((decision: Decision) => void)[] = [];
  readonly #addMs = new Map<AttachmentId, Millis>(); // of those that are attached

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on every decision is told on. */
  tellOn(hear: (decision: Decision) => void): void {
    this.#hearers.push(hear);
  }

  note(whom: About, deed: Deed): void {
    const decision = { at: this.#clock.now(), about: whom, ...deed };
    this.#ring = push(this.#ring, decision);
    for (const hear of this.#hearers) hear(decision);
    if (whom.id === undefined) return;
    if (deed.kind === 'attached' && !deed.again) this.#addMs.set(whom.id, deed.ms);
    if (isDetached(deed.kind)) this.#addMs.delete(whom.id);
  }

  /** How long the ADD of an attachment took; undefined when another process answered it. */
  addMs(id: AttachmentId): Millis | undefined {
    return this.#addMs.get(id);
  }

  /** Everything that was decided about a pod, a container or an address, oldest first. */
  about(query: string): readonly Decision[] {
    return about(this.#ring, query);
  }
}

/** Whether an attachment is no more by it. */
export function isDetached(kind: Decision['kind']): boolean {
  return kind === 'detached' || kind === 'spooled' || kind === 'swept';
}

/** Whom a record is about. */
export function whom({ id, pod, addresses }: AttachmentRecord): About {
  return { id, pod, addresses };
}
