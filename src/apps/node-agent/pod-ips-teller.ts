import type { Address } from '../../base/ip.ts';
import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentRecord, PodName } from '../../core/attachment.ts';
import { type KubeClient, KubeError } from '../../io/kube/client.ts';
import { within } from '../../io/system/within.ts';
import { readAnnotations } from '../../wire/kube/annotations.ts';
import { loose } from '../../wire/kube/object.ts';
import { type Annotations, podIpsDue, type PodIpsName, writeAnnotations } from '../../wire/kube/pod-ips.ts';
import { PODS } from '../../wire/kube/resource.ts';
import type { Attachments } from './attachments.ts';
import { Lanes } from './lanes.ts';
import { nameOfPod, type PodRunner } from './pod-runner.ts';

export interface PodIpsDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly names: readonly PodIpsName[];
  readonly attachments: Attachments;
  readonly pods: PodRunner;
}

/** What a pod's annotations are since we wrote them, and what the watch had told before. */
interface Written {
  readonly told: Annotations | undefined;
  readonly now: Annotations;
}

/** So long an ADD waits for its annotation at most: a pod that is Ready has it, unless the API server is slow. */
const BUDGET_MS: Millis = 1_000;
/** After that it is tried again; later each time that it is refused. */
const AGAIN_MS = { first: 5_000, most: 300_000 } as const;

/**
 * Writes the addresses of this node's pods to annotations of theirs, for whoever cannot wait for the kubelet (A67): in
 * the ADD itself, and whenever a pod's annotation is not what is so. Away again with the DEL, while the pod is there.
 */
export class PodIpsTeller {
  readonly #doors: PodIpsDoors;
  readonly #lanes = new Lanes();
  readonly #written = new Map<string, Written>(); // by uid
  readonly #later = new Map<string, () => void>(); // by namespace/name
  readonly #refused = new Map<string, Millis>(); // so long after the next one, by namespace/name
  #stopped = false;

  constructor(doors: PodIpsDoors) {
    this.#doors = doors;
    doors.pods.watch((change) => change.kind !== 'removed' && this.#soon(nameOfPod(change.now)));
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#later.values()) cancel();
  }

  /** Resolves when it is written, or after a second at most; at once while the API server is not heard. */
  async attached({ pod }: AttachmentRecord): Promise<void> {
    if (pod === undefined || pod.uid === '') return;
    await within(BUDGET_MS, this.#settle(pod), this.#doors.clock);
  }

  /** Returns at once. */
  detached(pod: PodName): void {
    if (pod.uid !== '') this.#soon(pod);
  }

  #soon(pod: PodName): void {
    void this.#settle(pod);
  }

  async #settle(pod: PodName): Promise<void> {
    const key = `${pod.namespace}/${pod.name}`;
    await this.#lanes.run(key, async () => {
      const againInMs = this.#stopped ? undefined : await this.#write(pod, key);
      if (againInMs === undefined || this.#stopped || this.#later.has(key)) return;
      const again = () => {
        this.#later.delete(key);
        this.#soon(pod);
      };
      this.#later.set(key, this.#doors.clock.timer(againInMs, again));
    });
  }

  /** Answers in how long to try again; undefined: nothing is left to do. */
  async #write({ namespace, name, uid }: PodName, key: string): Promise<Millis | undefined> {
    const { client, log, names, pods } = this.#doors;
    const known = pods.get({ namespace, name, uid });
    const told = known?.annotations;
    const own = known?.uids[0] ?? uid;
    const before = this.#written.get(own);
    const now = before !== undefined && before.told === told ? before.now : (told ?? {}); // the answer is ahead
    const due = podIpsDue(names, this.#addressesOf(known?.uids ?? [uid]), now);
    const refusedMs = this.#refused.get(key);
    this.#refused.delete(key);
    if (due === undefined) return undefined;
    if (!pods.heard) return AGAIN_MS.first;
    try {
      const at = { resource: PODS, namespace, name, part: 'status' };
      const { metadata } = await client.patch(at, 'merge', writeAnnotations(own, due));
      this.#remember(own, told, readAnnotations(loose(metadata['annotations'])));
      return undefined;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      this.#written.delete(own);
      if (error.kind === 'absent' || error.kind === 'conflict') return undefined; // the pod is gone, or another
      log.warn('pod not annotated', { pod: key, kind: error.kind, says: error.message });
      const againInMs = Math.max(refusedMs ?? AGAIN_MS.first, error.retryAfterMs ?? 0);
      this.#refused.set(key, Math.min(2 * againInMs, AGAIN_MS.most));
      return againInMs;
    }
  }

  /** Only while the pod lives. */
  #remember(uid: string, told: Annotations | undefined, now: Annotations): void {
    this.#written.set(uid, { told, now });
    const living = new Set(this.#doors.attachments.all().map(({ pod }) => pod?.uid));
    for (const it of this.#written.keys()) if (it !== uid && !living.has(it)) this.#written.delete(it);
  }

  /** Of its first interface: that is the one that the kubelet tells. */
  #addressesOf(uids: readonly string[]): readonly Address[] {
    const isIts = ({ pod, ordinal }: AttachmentRecord) => pod !== undefined && ordinal === 0 && uids.includes(pod.uid);
    return this.#doors.attachments.all().find(isIts)?.addresses ?? [];
  }
}
