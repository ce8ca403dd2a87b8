import { seeded } from '../../../base/random.ts';
import { interfaceAddress } from '../../../base/ip.ts';
import { localMac } from '../../../base/mac.ts';
import type { AgentConfig } from '../../../io/config/agent-config.ts';
import { ApiStore } from '../../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../../io/kube/testing/fake-client.ts';
import { loose, text } from '../../../wire/kube/object.ts';
import { EVENTS, NODES, PODS } from '../../../wire/kube/resource.ts';
import { SmallAgent } from './small-agent.ts';

/** An agent of a cluster: kernel and API server fake, its journal real. Its node is called "small". Close it. */
export class ClusterScene {
  readonly store = new ApiStore();
  readonly small: SmallAgent;
  readonly client: FakeKubeClient;

  constructor(ranges: readonly string[] = [], more: Partial<AgentConfig> = {}) {
    this.small = new SmallAgent(ranges, more);
    this.client = new FakeKubeClient(this.store, this.small.clock);
    this.small.kube = { client: this.client, random: seeded(1) };
    const addresses = ['192.0.2.1/24', '2001:db8::1/64'].map(interfaceAddress);
    const link = { name: 'eth0', mac: localMac(1n), mtuBytes: 1500, up: true, addresses };
    this.small.kernel.world.hostLinks = [
      { ...link, name: 'mgmt0', addresses: [interfaceAddress('198.51.100.1/24')], defaultRoute: [] },
      { ...link, defaultRoute: [] },
    ];
  }

  /** Starts the agent; time passes for the API server, and for the disk, which is a real one. */
  async start(ms = 3_000): Promise<this> {
    let started = false;
    const starting = this.small.start().then(() => (started = true));
    for (let i = 0; i < 200 && !started; i++) await this.pass(ms / 30);
    await starting;
    await this.pass(500);
    return this;
  }

  async pass(ms: number): Promise<void> {
    for (let i = 0; i < 5; i++) {
      await this.small.pass(ms / 5);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** A Node is there from now on, with this address and these ranges. */
  node(name: string, address: string, ...podCIDRs: readonly string[]): void {
    const status = { addresses: [{ type: 'InternalIP', address }] };
    this.store.apply({ resource: NODES, name }, { spec: { podCIDRs }, status }, { manager: 'test', force: true });
  }

  /** A pod is bound to this node from now on, in the namespace web. Answers its uid. */
  pod(name: string, more: object = {}): string {
    return bindPod(this.store, name, more);
  }

  removePod(name: string): void {
    this.store.remove({ resource: PODS, namespace: 'web', name });
  }

  /** What Events say: reason, whom they are about, how often, and the words. */
  events(): readonly (readonly [string, string, number, string])[] {
    const { items } = this.store.list({ resource: EVENTS }, { limit: 0 });
    return items.map(({ reason, involvedObject, count, message }) => [
      text(reason),
      text(loose(involvedObject)['name']),
      Number(count),
      text(message),
    ]);
  }

  removeNode(name: string): void {
    this.store.remove({ resource: NODES, name });
  }

  /** What leads to other nodes. */
  ways(): readonly string[] {
    return this.small
      .standing()
      .filter((line) => /10\.244\.|fd00:/.test(line) && /^(route|neighbour|fdb) (?!.*host:bth)/.test(line));
  }
}

/** A pod in the namespace "web", bound to the node "small". Its uid is as the API makes them. */
export function bindPod(store: ApiStore, name: string, more: object = {}): string {
  const place = { resource: PODS, namespace: 'web', name };
  const { metadata } = store.apply(place, { spec: { nodeName: 'small' }, ...more }, { manager: 'test', force: true });
  return metadata.uid;
}

/** CNI_ARGS as a kubelet's runtime sends them. */
export function argsOf(name: string, uid: string): string {
  return `IgnoreUnknown=1;K8S_POD_NAMESPACE=web;K8S_POD_NAME=${name};K8S_POD_UID=${uid}`;
}
