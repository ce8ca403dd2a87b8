import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { hashName } from '../../base/hash.ts';
import { noticeOf } from '../../core/cluster/notice.ts';
import { emptyBook, noted, type NoticeBook, type Telling, untold } from '../../core/cluster/notice-book.ts';
import type { Decision } from '../../core/why/decision.ts';
import { type KubeClient, KubeError } from '../../io/kube/client.ts';
import { type EventWords, writeEvent, writeRepeat } from '../../wire/kube/event.ts';
import { EVENTS } from '../../wire/kube/resource.ts';

export interface EventDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** The uid that the API has for a pod: a runtime may know another. */
  readonly uidOf: (namespace: string, name: string) => string | undefined;
}

/** What is left of the 253 letters of a name for whom the Event is about. */
const NAME_LETTERS = 240;

/**
 * Tells decisions to those who look at pods and nodes: as Events, each once with its count (A11, A71). Nobody waits for
 * it; what does not arrive is told when it happens again.
 */
export class EventRunner {
  readonly #doors: EventDoors;
  #book: NoticeBook = emptyBook;

  constructor(doors: EventDoors) {
    this.#doors = doors;
  }

  /** Returns at once. */
  hear(decision: Decision): void {
    const notice = noticeOf(decision);
    if (notice === undefined) return;
    const { book, telling } = noted(this.#book, notice, this.#doors.clock.now());
    this.#book = book;
    if (telling !== undefined) void this.#tell(telling);
  }

  async #tell(telling: Telling): Promise<void> {
    const { client, log } = this.#doors;
    const words = this.#words(telling);
    const { namespace, name } = words;
    const of = { resource: EVENTS, namespace };
    try {
      if (telling.again) await client.patch({ ...of, name }, 'merge', writeRepeat(words));
      else await client.create(of, writeEvent(words));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      this.#book = untold(this.#book, telling.key);
      log.debug('Event not told', { kind: error.kind, says: error.message });
    }
  }

  #words({ key, notice, count, firstAt, lastAt }: Telling): EventWords {
    const { nodeName: node, uidOf } = this.#doors;
    const { pod, type, reason, message } = notice;
    const about =
      pod === undefined
        ? ({ kind: 'Node', name: node, uid: node } as const) // the kubelet's uid of its own Node, in Events
        : ({ kind: 'Pod', ...pod, uid: uidOf(pod.namespace, pod.name) ?? pod.uid } as const);
    const name = `${(pod?.name ?? node).slice(0, NAME_LETTERS)}.${hashName(`${key} ${firstAt}`, 12)}`;
    const namespace = pod?.namespace ?? 'default';
    return { namespace, name, about, type, reason, message, count, firstAt, lastAt, node };
  }
}
