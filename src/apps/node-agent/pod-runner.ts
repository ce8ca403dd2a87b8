import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { expectedPods, isPodGone, SURE_MS } from '../../core/cluster/bound.ts';
import type { AttachmentRecord, PodName } from '../../core/attachment.ts';
import { KubeError } from '../../io/kube/client.ts';
import { type Change, Informer } from '../../io/kube/informer.ts';
import { within } from '../../io/system/within.ts';
import type { Annotations } from '../../wire/kube/pod-ips.ts';
import { type PodShape, readPod } from '../../wire/kube/pod.ts';
import { PODS } from '../../wire/kube/resource.ts';
import type { Attachments } from './attachments.ts';
import type { KubeDoors } from './cluster-runner.ts';
import type { PoolRunner } from './pool-runner.ts';

export interface PodDoors {
  readonly kube: KubeDoors;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly attachments: Attachments;
  readonly pool: PoolRunner;
}

/** So long an ADD may wait for the annotations of a pod that the watch has not told of. */
const ASK_MS: Millis = 1_000;

/**
 * The pods that are bound to this node. The pool is told how many will ask, a second before the runtime does; and what
 * is on record of pods that the cluster no longer knows can be told from what lives.
 */
export class PodRunner {
  readonly #doors: PodDoors;
  readonly #pods: Informer<PodShape>;
  readonly #asking = new Map<string, number>(); // uids for which an ADD is under way
  #told = 0; //                                    pods that the pool expects
  #sweep: () => void = () => {};
  readonly #watchers: ((change: Change<PodShape>) => void)[] = [];
  #isApart: (pod: PodShape) => boolean = () => false;
  readonly #cancels = new Set<() => void>();
  #counting = false;
  #stopped = false;

  constructor(doors: PodDoors) {
    const { kube, clock, log, nodeName } = doors;
    this.#doors = doors;
    this.#pods = new Informer(
      { ...kube, clock, log },
      {
        select: { resource: PODS, fields: `spec.nodeName=${nodeName}` },
        read: readPod,
        hear: (change) => {
          this.#countSoon();
          for (const hear of this.#watchers) hear(change);
          if (change.kind === 'removed' && this.#isAttached(change.before)) this.#sweepIn(SURE_MS); // DEL is late
        },
        synced: () => this.#sweepIn(0),
      },
    );
  }

  /** From now on each change of a pod is told. */
  watch(hear: (change: Change<PodShape>) => void): void {
    this.#watchers.push(hear);
  }

  /** `sweep`: looks for attachments that nobody has any more. */
  start(sweep: () => void): void {
    this.#sweep = sweep;
    this.#pods.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#pods.stop();
    for (const cancel of this.#cancels) cancel();
  }

  /** The pod's runtime asks: the pool hears it from the ADD itself. Call the answer when the ADD has ended. */
  asks(pod: PodName | undefined): () => void {
    if (pod === undefined || pod.uid === '') return () => {};
    const { uid } = pod;
    this.#asking.set(uid, (this.#asking.get(uid) ?? 0) + 1);
    this.#count();
    return () => {
      const left = (this.#asking.get(uid) ?? 1) - 1;
      if (left > 0) this.#asking.set(uid, left);
      else this.#asking.delete(uid);
      this.#countSoon();
    };
  }

  /** Whether the cluster, heard now, knows of no pod that an attachment is of. */
  isGone(record: AttachmentRecord): boolean {
    if (!this.heard) return false;
    const uids = new Set(this.#pods.values().flatMap((pod) => pod.uids));
    return isPodGone(record, uids, this.#doors.clock.now());
  }

  /**
   * How many pods have addresses of this node, or will, without having asked for the resource, and interfaces of pods
   * besides their first: the scheduler does not count them. Pods with NICs of their own have none. Undefined while it
   * is not known.
   */
  get uncounted(): number | undefined {
    if (!this.#pods.synced) return undefined;
    const bound = this.#pods.values().filter(({ hostNetwork, ended }) => !hostNetwork && !ended);
    const known = new Set(bound.flatMap(({ uids }) => uids));
    const isOther = ({ pod, of }: AttachmentRecord) => of !== undefined || pod === undefined || !known.has(pod.uid);
    const others = this.#doors.attachments.all().filter((it) => it.branch === undefined && isOther(it));
    return bound.filter((pod) => !pod.reserves && !this.#isApart(pod)).length + others.length;
  }

  /** How many pods have a NIC of their own without having asked for the resource. */
  get uncountedNics(): number {
    const held = this.#doors.attachments.all().filter(({ branch }) => branch !== undefined);
    return held.filter(({ pod }) => pod === undefined || this.get(pod)?.reservesNic !== true).length;
  }

  /** Pods that will ask for no address of the pool are not expected there. */
  leaveOut(isApart: (pod: PodShape) => boolean): void {
    this.#isApart = isApart;
  }

  /** That very pod as it was told last; undefined: it is not known, or the pod of that name is another. */
  get(pod: PodName): PodShape | undefined {
    const known = this.#pods.get(`${pod.namespace}/${pod.name}`);
    return known !== undefined && isOf(pod, known) ? known : undefined;
  }

  /** Whether changes are heard now. */
  get heard(): boolean {
    return this.#pods.synced && this.#pods.trouble === undefined;
  }

  /** The API's own uid of a pod; undefined: it is not known. */
  uidOf(namespace: string, name: string): string | undefined {
    return this.#pods.get(`${namespace}/${name}`)?.uids[0];
  }

  /**
   * The annotations of a pod. The watch is a second ahead of the runtime; of a pod that it has not told of, the API
   * server is asked, for one second at most, and not at all while it is not heard. Undefined: nobody knows.
   */
  async annotationsOf(pod: PodName): Promise<Annotations | undefined> {
    return (await this.tell(pod))?.annotations;
  }

  /** The pod itself, in the same way. */
  async tell(pod: PodName): Promise<PodShape | undefined> {
    const known = this.get(pod);
    if (known !== undefined) return known;
    if (this.#stopped || this.#pods.trouble !== undefined) return undefined;
    const asked = await this.#ask(pod);
    return asked !== undefined && isOf(pod, asked) ? asked : undefined;
  }

  async #ask({ namespace, name }: PodName): Promise<PodShape | undefined> {
    const { clock, kube, log } = this.#doors;
    const told = kube.client.get({ resource: PODS, namespace, name }).then(readPod, (error: unknown) => {
      if (!(error instanceof KubeError)) throw error;
      log.debug('pod not told', { pod: `${namespace}/${name}`, kind: error.kind, says: error.message });
      return undefined;
    });
    return within(ASK_MS, told, clock);
  }

  #isAttached({ uids }: PodShape): boolean {
    return this.#doors.attachments.all().some(({ pod }) => pod !== undefined && uids.includes(pod.uid));
  }

  /** Once for a burst. */
  #countSoon(): void {
    if (this.#counting || this.#stopped) return;
    this.#counting = true;
    this.#later(0, () => {
      this.#counting = false;
      this.#count();
    });
  }

  /** Only a pool that must ask for addresses has a use for it. */
  #count(): void {
    const { attachments, pool, log } = this.#doors;
    if (pool.pool.cloud === undefined || this.#stopped) return;
    const known = new Set(this.#asking.keys());
    for (const { pod } of attachments.all()) if (pod !== undefined) known.add(pod.uid);
    const ofPool = this.#pods.values().filter((pod) => !this.#isApart(pod));
    const pods = expectedPods(ofPool, known);
    if (pods === this.#told) return;
    this.#told = pods;
    pool.tell({ kind: 'expected', pods }).catch((err: unknown) => log.warn('pods not expected', { pods, err }));
  }

  #sweepIn(ms: Millis): void {
    if (!this.#stopped) this.#later(ms, () => this.#sweep());
  }

  #later(ms: Millis, then: () => void): void {
    const cancel = this.#doors.clock.timer(ms, () => {
      this.#cancels.delete(cancel);
      then();
    });
    this.#cancels.add(cancel);
  }
}

function isOf({ uid }: PodName, { uids }: PodShape): boolean {
  return uid === '' || uids.includes(uid);
}

/** By which its attachment knows it. */
export function nameOfPod({ namespace, name, uids }: PodShape): PodName {
  return { namespace, name, uid: uids[0] ?? '' };
}
