import type { Address } from '../../../base/ip.ts';
import type { StaticAddress, StaticSpec } from '../static-address.ts';
import { type StaticLocal, staticMove } from '../static-node.ts';
import { type StatefulSetSeen, type StaticPod, type StaticSeen, staticPlan } from '../static-plan.ts';

// For tests: nodes of one subnet, their cloud, an API server and a StatefulSet "web" whose pods keep their addresses.

/** What decides: a test may plant a defect here. */
export interface Deciders {
  readonly plan: typeof staticPlan;
  readonly move: typeof staticMove;
}

export const NODES = ['a', 'b', 'c'] as const;
type NodeName = (typeof NODES)[number];

interface TinyNode {
  readonly name: NodeName;
  heard: boolean; //                       it reaches the API server, and is Ready
  readonly nic: Set<Address>;
  readonly attached: Map<string, Address>; // by name: on record
  readonly kept: Map<string, Address>; //     on record
  readonly guests: Set<string>; //            names whose address came by a count
  readonly brought: Set<string>; //           names whose address the cloud brought, for the ADD
  readonly refused: Set<string>; //           names whose address the cloud did not bring: until the ADD hears it
  readonly strays: Set<Address>; //           nobody's name has them, until they have left
  readonly cutOff: Set<Address>; //           another node got it while this one was not heard
}

interface TinyPod {
  node: NodeName;
  wantsAddress: boolean; // its ADD has not succeeded: it does when its address is on record in the cluster
}

export const RETENTION_MS = 1_000;

/** Everything happens in single steps, in any order. `now` moves by itself. */
export class StaticWorld {
  now = 1_000_000;
  readonly nodes: readonly TinyNode[];
  readonly objects = new Map<string, StaticAddress>();
  readonly pods = new Map<string, TinyPod>();
  /** What each name was first recorded with, until it was given back. */
  readonly promised = new Map<string, Address>();
  set: StatefulSetSeen = { name: 'web', uid: 's', replicas: 2, start: 0 };
  /** What was done that never may. */
  misdeed: string | undefined;
  readonly #deciders: Deciders;
  #stale = new Map<string, StaticAddress>();
  #serial = 0;

  constructor(deciders: Partial<Deciders> = {}) {
    this.#deciders = { plan: staticPlan, move: staticMove, ...deciders };
    this.nodes = NODES.map((name, i) => {
      const nic = new Set([1, 2, 3].map((n) => `10.0.${i}.${n}` as Address));
      return { name, heard: true, nic, attached: new Map(), kept: new Map(), ...none() };
    });
  }

  get names(): readonly string[] {
    return ['web-0', 'web-1', 'web-2'];
  }

  node(name: string): TinyNode {
    const found = this.nodes.find((it) => it.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** The API server's copies as the controller has them may be late. */
  look(): void {
    this.#stale = new Map(this.objects);
  }

  reconcile(name: string): void {
    const known = this.#stale.get(name);
    const pod = this.pods.get(name);
    const holder = known === undefined || known.spec.node === '' || this.node(known.spec.node).heard;
    const owner = { kind: 'StatefulSet', name: 'web', uid: 's' };
    const asks: StaticPod | undefined = pod && { node: pod.node, owner, retention: '1s', conflict: 'retry' };
    const seen: StaticSeen = { name, known, pod: asks, set: this.set, holder: holder ? 'there' : 'silent' };
    const { act } = this.#deciders.plan(seen, RETENTION_MS, this.now);
    const current = this.objects.get(name);
    if (act === undefined || current?.version !== known?.version) return; // refused: conflict
    if (act.act === 'remove') {
      if (this.#isWanted(name)) this.misdeed = `${name} was given back, and is wanted`;
      this.objects.delete(name);
      this.promised.delete(name);
    } else {
      const before = known?.spec.node ?? '';
      const silent = before !== '' && before !== act.spec.node && !this.node(before).heard;
      for (const it of silent ? (known?.status.addresses ?? []) : []) this.node(before).cutOff.add(it);
      this.#write(name, act.spec, current);
    }
  }

  #isWanted(name: string): boolean {
    const ordinal = Number(name.slice(4));
    return ordinal >= this.set.start && ordinal < this.set.start + this.set.replicas;
  }

  #write(name: string, spec: StaticSpec, before: StaticAddress | undefined): void {
    const status = before?.status ?? { node: '', addresses: [], nic: '', state: 'Pending', message: '' };
    const uid = before?.uid ?? `u${++this.#serial}`;
    this.objects.set(name, { namespace: 'db', name, uid, version: `${++this.#serial}`, spec, status });
  }

  /** One move of a node about a name. `dies`: the agent ends before it could tell. */
  step(nodeName: string, name: string, dies = false): void {
    this.#move(nodeName, name, dies);
    const [pod, attached] = [this.pods.get(name), this.node(nodeName).attached.get(name)];
    const { node, addresses = [] } = this.objects.get(name)?.status ?? {};
    const onRecord = node === nodeName && attached !== undefined && addresses.includes(attached);
    if (onRecord && pod?.node === nodeName && this.node(nodeName).heard) pod.wantsAddress = false;
  }

  #move(nodeName: string, name: string, dies: boolean): void {
    const node = this.node(nodeName);
    const pod = this.pods.get(name);
    const asks = pod?.node === nodeName && pod.wantsAddress && !node.attached.has(name);
    const heard = node.heard ? (this.objects.get(name) ?? 'absent') : 'unheard';
    this.#sendStrays(node);
    const record = heard === 'absent' || heard === 'unheard' ? undefined : heard;
    const [address] = record?.status.addresses ?? [];
    if (record?.spec.node === nodeName) node.guests.delete(name);
    const local = this.#local(node, name, address);
    const next = this.#deciders.move(local, heard, asks);
    switch (next.move) {
      case 'grant':
        return this.#attach(node, name, node.kept.get(name));
      case 'choose':
        return this.#attach(node, name, this.free(nodeName)[0]);
      case 'keep':
        if (address === undefined || this.#isUsed(node, address)) return;
        node.kept.set(name, address);
        if (record?.spec.node !== nodeName) node.guests.add(name);
        return;
      case 'bring':
        if (this.#bring(node, address, record?.status.nic)) node.brought.add(name);
        else node.refused.add(name);
        return;
      case 'sendAway':
        if (address !== undefined) node.nic.delete(address);
        return;
      case 'lose':
        return void node.refused.delete(name); // the next ADD tries again
      case 'rest':
      case 'wait':
        return;
      case 'giveBack':
      case 'forget':
        node.kept.delete(name);
        return;
      case 'tell': {
        if (dies || record === undefined) return;
        this.objects.set(name, { ...record, version: `${++this.#serial}`, status: next.status });
        const [told] = next.status.addresses;
        if (told !== undefined && !this.promised.has(name)) this.promised.set(name, told);
      }
    }
  }

  #local(node: TinyNode, name: string, address: Address | undefined): StaticLocal {
    const [attached, kept] = [node.attached.get(name), node.kept.get(name)];
    const list = (it: Address | undefined) => (it === undefined ? undefined : [it]);
    const onNic = address !== undefined && node.nic.has(address);
    return {
      ...{ node: node.name, attached: list(attached), kept: list(kept), onNic, movable: true, within: true },
      ...{
        served: kept !== undefined && node.nic.has(kept),
        nic: node.name,
        refused: node.refused.has(name) ? 'held' : undefined,
      },
      ...{
        inPrefix: false,
        idle: onNic && !this.#isUsed(node, address),
        guest: node.guests.has(name),
        leaving: false, // a node of this world knows what its NIC has
        brought: node.brought.has(name),
      },
    };
  }

  #isUsed(node: TinyNode, address: Address): boolean {
    return [...node.attached.values(), ...node.kept.values(), ...node.strays].includes(address);
  }

  #sendStrays(node: TinyNode): void {
    for (const it of node.strays) node.nic.delete(it);
    node.strays.clear();
  }

  #attach(node: TinyNode, name: string, address: Address | undefined): void {
    const pod = this.pods.get(name);
    if (address === undefined || pod === undefined) return;
    node.brought.delete(name);
    node.kept.delete(name);
    node.attached.set(name, address);
  }

  /** The cloud: an address is on one NIC, and leaves only that from which it may be taken. */
  #bring(node: TinyNode, address: Address | undefined, from: string | undefined): boolean {
    const holder = this.nodes.find(({ nic }) => address !== undefined && nic.has(address));
    if (address === undefined) return false;
    if (holder !== undefined && holder !== node && holder.name !== from) return false;
    const used = holder !== undefined && holder !== node && [...holder.attached.values()].includes(address);
    if (used && !holder.cutOff.has(address)) this.misdeed = `${address} was taken from a pod of ${holder.name}`;
    holder?.nic.delete(address);
    node.cutOff.delete(address);
    node.nic.add(address);
    return true;
  }

  /** A node asked for an address by number, and the cloud gave one that is a name's: its agent knows of the name. */
  count(nodeName: string, name: string): void {
    const node = this.node(nodeName);
    const { spec, status } = this.objects.get(name) ?? {};
    const [address] = status?.addresses ?? [];
    if (address === undefined || this.nodes.some(({ nic }) => nic.has(address))) return;
    node.nic.add(address);
    if (this.#isUsed(node, address)) return;
    if (node.attached.has(name) || node.kept.has(name)) return void node.strays.add(address);
    node.kept.set(name, address);
    if (spec?.node !== nodeName) node.guests.add(name);
  }

  /** What an ordinary pod of the node could be given. */
  free(nodeName: string): readonly Address[] {
    const node = this.node(nodeName);
    return [...node.nic].filter((it) => !this.#isUsed(node, it));
  }

  /** The sandbox of a name on a node is removed. */
  detach(nodeName: string, name: string): void {
    const node = this.node(nodeName);
    const address = node.attached.get(name);
    if (address === undefined) return;
    node.attached.delete(name);
    node.kept.set(name, address);
  }

  /** The kubelet removes the sandbox of a pod that is no more. */
  endOld(nodeName: string, name: string): void {
    if (this.pods.get(name)?.node !== nodeName) this.detach(nodeName, name);
  }

  /** The StatefulSet makes a pod where there is none. On the node of one that lives on it comes after that. */
  bind(name: string, nodeName: NodeName): void {
    if (this.pods.has(name) || !this.#isWanted(name) || this.node(nodeName).attached.has(name)) return;
    this.pods.set(name, { node: nodeName, wantsAddress: true });
  }

  /** The pod ends as the kubelet does it; by force its sandbox lives on for a while. */
  remove(name: string, force: boolean): void {
    const pod = this.pods.get(name);
    if (pod === undefined || !(force || this.node(pod.node).heard)) return;
    this.pods.delete(name);
    if (!force) this.detach(pod.node, name);
  }
}

function none(): Pick<TinyNode, 'cutOff' | 'guests' | 'refused' | 'brought' | 'strays'> {
  return { cutOff: new Set(), strays: new Set(), guests: new Set(), refused: new Set(), brought: new Set() };
}
