import type { Millis } from '../../src/base/clock.ts';
import type { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { readStaticAddress, STATIC_ADDRESSES } from '../../src/wire/kube/crd/static-address.ts';
import { readClusterNode } from '../../src/wire/kube/cluster-node.ts';
import { NODES } from '../../src/wire/kube/resource.ts';

/** A controller may look at a Node by a copy that is so late: a watch, and a word on its way. */
const COPY_MS: Millis = 45_000;

/**
 * From which nodes the cloud may take an address though a pod stands there: those that were not Ready, or gone, when
 * the right to it moved on. Told by the store's own truth, as it is written.
 */
export class Fences {
  readonly #taken: Set<string>; // "node address"
  readonly #unreadyAt: Map<string, Millis>; // a node, when it last was not Ready

  constructor(from?: Fences) {
    this.#taken = new Set(from === undefined ? [] : from.#taken);
    this.#unreadyAt = new Map(from === undefined ? [] : from.#unreadyAt);
  }

  /** From now on what is written there counts. */
  follow(store: ApiStore, now: () => Millis): void {
    const rights = new Map<string, string>();
    const unready = new Set<string>();
    const looked = (name: string, ready: boolean) => {
      if (ready ? unready.delete(name) : unready.add(name)) this.#unreadyAt.set(name, now());
    };
    for (const it of store.list({ resource: NODES }, { limit: 0 }).items)
      looked(it.metadata.name, readClusterNode(it).ready);
    for (const it of store.list({ resource: STATIC_ADDRESSES }, { limit: 0 }).items)
      rights.set(it.metadata.uid, readStaticAddress(it).spec.node);
    store.watch({ resource: NODES }, store.version, (event) => {
      if (event.kind === 'bookmark' || event.kind === 'failed') return;
      looked(event.object.metadata.name, event.kind !== 'removed' && readClusterNode(event.object).ready);
    });
    store.watch({ resource: STATIC_ADDRESSES }, store.version, (event) => {
      if (event.kind === 'bookmark' || event.kind === 'failed') return;
      const { spec, status, uid } = readStaticAddress(event.object);
      const before = rights.get(uid) ?? spec.node;
      rights.set(uid, spec.node);
      for (const address of status.addresses) {
        this.#taken.delete(wordOf(spec.node, address));
        if (before === spec.node || before === '') continue;
        const silent = unready.has(before) || now() - (this.#unreadyAt.get(before) ?? 0) <= COPY_MS;
        if (silent) this.#taken.add(wordOf(before, address));
      }
    });
  }

  /** Whether the cloud may take it from that node. */
  isTaken(node: string, address: string): boolean {
    return this.#taken.has(wordOf(node, address));
  }
}

function wordOf(node: string, address: string): string {
  return `${node} ${address}`;
}
