import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import type { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { type KubeObject, loose, text } from '../../src/wire/kube/object.ts';
import { NODES, PODS, STATEFUL_SETS } from '../../src/wire/kube/resource.ts';
import type { Actor, Cluster } from '../cloud/cluster.ts';
import type { SimTime } from '../time.ts';
import { NAMESPACE, type SetWish, tendSets } from './stateful-sets.ts';
import { tendNode } from './kubelet.ts';

const TICK_MS = [400, 1_600] as const;

/**
 * What else makes a cluster, as far as its pods' network is concerned: StatefulSets, a scheduler, a kubelet on each
 * node. They look at the API server's own truth, each after a while of its own; what they remember is in its store.
 */
export class Kube implements Actor {
  readonly store: ApiStore;
  readonly cluster: Cluster;
  readonly #time: SimTime;
  readonly #random: Random;
  /** Nodes whose machines are cut off: their kubelets hear nothing. */
  readonly silent: Set<string>;
  /** Nothing is made any more; what is to go goes. */
  still = false;
  #nextAt: Millis;

  constructor(of: { store: ApiStore; cluster: Cluster; silent?: ReadonlySet<string> }) {
    this.store = of.store;
    this.cluster = of.cluster;
    this.#time = of.cluster.time;
    this.#random = of.cluster.random;
    this.silent = new Set(of.silent);
    this.#nextAt = this.#time.now + TICK_MS[0];
  }

  get next(): Millis {
    return Math.max(this.#nextAt, this.#time.now);
  }

  fireNext(until: Millis): boolean {
    const { next } = this;
    if (next > until) return false;
    this.#time.moveTo(next);
    const [from, to] = TICK_MS;
    this.#nextAt = next + from + Math.floor(this.#random.fraction() * (to - from));
    if (!this.still) this.#schedule();
    for (const node of this.cluster.nodes)
      if (!this.silent.has(node.name)) tendNode({ store: this.store, node, still: this.still });
    if (!this.still) tendSets(this.store);
    return true;
  }

  /** A StatefulSet is there from now on, or wants other pods. */
  want(set: SetWish): void {
    const { name, ...spec } = set;
    const place = { resource: STATEFUL_SETS, namespace: NAMESPACE, name };
    this.store.apply(place, { metadata: { name, namespace: NAMESPACE }, spec }, { manager: 'user', force: true });
  }

  sets(): readonly KubeObject[] {
    return this.store.list({ resource: STATEFUL_SETS }, { limit: 0 }).items;
  }

  pods(): readonly KubeObject[] {
    return this.store.list({ resource: PODS }, { limit: 0 }).items;
  }

  /** Its sandboxes live until its kubelet hears of it; for the cluster it is gone. */
  removeAtOnce(pod: KubeObject): void {
    this.store.remove({ resource: PODS, namespace: NAMESPACE, name: pod.metadata.name });
    const now = this.#time.now;
    for (const { run } of this.cluster.nodes)
      for (const sandbox of run.parts.runtime.sandboxes.values())
        if (sandbox.wants.pod?.uid === pod.metadata.uid) run.parts.runtime.dismiss(sandbox, now);
  }

  /** A pod is to go, in order. */
  remove({ metadata: { name } }: KubeObject): void {
    const at = { resource: PODS, namespace: NAMESPACE, name };
    this.store.patch(at, 'merge', { metadata: { deletionTimestamp: new Date(this.#time.now).toISOString() } });
  }

  /** Pods that are bound nowhere get a node that is well. */
  #schedule(): void {
    const well = this.store.list({ resource: NODES }, { limit: 0 }).items.filter(isWell);
    for (const { metadata, spec } of this.pods()) {
      const node = well[Math.floor(this.#random.fraction() * well.length)];
      if (text(loose(spec)['nodeName']) !== '' || node === undefined || this.#random.fraction() < 0.2) continue;
      const at = { resource: PODS, namespace: NAMESPACE, name: metadata.name };
      this.store.patch(at, 'merge', { spec: { nodeName: node.metadata.name } });
    }
  }
}

/** A node with its kubelet, as the API server sees it. */
export function nodeObject(name: string, instance: string, zone: string): object {
  return {
    metadata: { name },
    spec: { providerID: `aws:///${zone}/${instance}` },
    status: { conditions: [{ type: 'Ready', status: 'True' }], allocatable: {}, capacity: {} },
  };
}

function isWell({ status, spec }: KubeObject): boolean {
  const conditions = loose(status)['conditions'] as readonly { type: string; status: string }[];
  return loose(spec)['unschedulable'] !== true && conditions.some((it) => it.type === 'Ready' && it.status === 'True');
}
