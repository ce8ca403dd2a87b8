import { type BrokerRefusal, instanceIn, instanceOf } from '../../../core/cluster/broker.ts';
import type { ClusterCloud } from '../../../io/cloud/cluster-cloud.ts';
import type { ClusterNodeShape } from '../../../wire/kube/cluster-node.ts';
import type { Source } from '../source.ts';
import type { ClusterSays } from './cluster-says.ts';
import { OneInstance } from './one-instance.ts';

/** The instances of the cluster's nodes, by the Node objects. Each is opened when its node first asks. */
export class Instances {
  readonly #nodes: Source<ClusterNodeShape>;
  readonly #cloud: ClusterCloud;
  readonly #holders = new Map<string, Set<string>>(); // instance → the Nodes that say they are it
  readonly #open = new Map<string, Promise<OneInstance>>();
  readonly #known = new Map<string, OneInstance>(); // those of them that have been opened

  readonly #says: ClusterSays;

  constructor(nodes: Source<ClusterNodeShape>, cloud: ClusterCloud, says: ClusterSays) {
    [this.#nodes, this.#cloud, this.#says] = [nodes, cloud, says];
    nodes.hear((change) => {
      if (change.kind === 'changed' && change.before.provider === change.now.provider) return;
      if (change.kind !== 'added') this.#leave(change.before);
      if (change.kind !== 'removed') this.#enter(change.now);
    });
  }

  /** What a node may have asked for it, or why there is nothing. Throws CloudError. */
  async of(node: string): Promise<OneInstance | BrokerRefusal> {
    const found = instanceOf(node, {
      get: (name) => {
        const it = this.#nodes.get(name);
        return it && { name, providerId: it.provider };
      },
      of: (instance) => this.#holders.get(instance)?.size ?? 0,
    });
    if (!('instance' in found)) return found;
    const { instance } = found;
    let open = this.#open.get(instance);
    if (open === undefined) {
      open = this.#opened(instance);
      this.#open.set(instance, open);
      open.catch(() => this.#open.delete(instance)); // whoever waits is told by the promise itself
    }
    return open;
  }

  /** Whether a NIC is of an instance whose node is well, as far as was told. */
  isInUse(nic: string): boolean {
    for (const [instance, it] of this.#known)
      if (it.owns(nic))
        return [...(this.#holders.get(instance) ?? [])].some((node) => this.#nodes.get(node)?.ready === true);
    return false;
  }

  async #opened(instance: string): Promise<OneInstance> {
    const opened = new OneInstance(await this.#cloud.instance(instance), this.#says);
    if (this.#holders.has(instance)) this.#known.set(instance, opened); // the node may be gone meanwhile
    return opened;
  }

  #enter({ name, provider }: ClusterNodeShape): void {
    const instance = instanceIn(provider);
    if (instance === undefined) return;
    this.#holders.set(instance, (this.#holders.get(instance) ?? new Set()).add(name));
  }

  #leave({ name, provider }: ClusterNodeShape): void {
    const instance = instanceIn(provider);
    const holders = instance === undefined ? undefined : this.#holders.get(instance);
    if (instance === undefined || holders === undefined) return;
    holders.delete(name);
    if (holders.size > 0) return;
    this.#holders.delete(instance);
    this.#open.delete(instance);
    this.#known.delete(instance);
  }
}
