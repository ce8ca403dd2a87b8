import { silent } from '../../src/base/log.ts';
import { type Address, address, familyOf, interfaceAddress, lengthOf, type Prefix, prefix } from '../../src/base/ip.ts';
import { attachmentId } from '../../src/core/attachment.ts';
import { bridgeAddress, type NodeDatapath, nodeMtu, nodePlan } from '../../src/core/datapath/node-plan.ts';
import type { Plan } from '../../src/core/datapath/plan.ts';
import { hostLinkName, type PodDatapath, podMacs, podPlan } from '../../src/core/datapath/pod-plan.ts';
import { apply, retract } from '../../src/io/kernel/execute.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { Space } from './space.ts';

/** One interface of a pod, made by its plan. */
export interface Attached {
  readonly plan: Plan;
  readonly addresses: readonly [Address, Address]; // IPv4, IPv6
}

/** A node whose whole datapath is Berth's: plans applied to the real kernel, in a namespace. Close it. */
export class PlannedNode {
  readonly space: Space;
  readonly kernel: LinuxKernel;
  readonly ranges: readonly [Prefix, Prefix];
  readonly #number: number;
  readonly #pods: Space[] = [];
  #want: NodeDatapath | undefined;

  private constructor(number: number, space: Space) {
    this.#number = number;
    this.space = space;
    this.ranges = [prefix(`10.1.${number}.0/24`), prefix(`fd01:${number}::/64`)];
    this.kernel = LinuxKernel.open({ netns: space.path, nft: (netns) => openNft({ log: silent, netns }) });
  }

  /** Node number `number` has the ranges 10.1.number.0/24 and fd01:number::/64. */
  static async open(number: number): Promise<PlannedNode> {
    return new PlannedNode(number, await Space.open());
  }

  /** Applies the node's plan. */
  async plan(more: Partial<NodeDatapath> = {}): Promise<void> {
    const want: NodeDatapath = {
      nodeName: `node-${this.#number}`,
      mode: 'routed',
      bridge: 'berth0',
      ranges: this.ranges,
      cluster: [prefix('10.1.0.0/16'), prefix('fd01::/16')],
      masquerade: { enabled: true, except: [], ports: 'kept' },
      checkSources: true,
      peers: [],
      tunnel: { use: 'auto', vni: 4077, port: 4789 },
      forwardAccept: true,
      mtuBytes: 'auto',
      uplink: undefined,
      ...more,
    };
    await apply(this.kernel, nodePlan(want));
    this.#want = want;
  }

  async sandbox(): Promise<Space> {
    const space = await Space.open();
    this.#pods.push(space);
    return space;
  }

  /** Attaches a sandbox with the addresses that end in `host`. */
  async attach(space: Space, host: number, more: Partial<PodDatapath> = {}): Promise<Attached> {
    const want = this.#want;
    if (want === undefined) throw new Error('planned node: plan it first');
    const addresses = [address(`10.1.${this.#number}.${host}`), address(`fd01:${this.#number}::${host}`)] as const;
    const ifname = more.ifname ?? 'eth0';
    const id = attachmentId({ network: 'pods', containerId: `c${host}`, ifname });
    const bridged = addresses.map((it) => {
      const range = this.ranges[familyOf(it) === 'v4' ? 0 : 1];
      return { address: interfaceAddress(`${it}/${lengthOf(range)}`), gateway: bridgeAddress(range) };
    });
    const common = {
      id,
      ifname,
      hostLink: hostLinkName(id),
      ...podMacs(id),
      mtuBytes: nodeMtu(want),
      ordinal: 0,
      ports: [],
      bandwidth: {},
    };
    const plan = podPlan(
      want.mode === 'routed'
        ? { ...common, ...more, mode: 'routed', addresses }
        : { ...common, ...more, mode: 'bridge', bridge: want.bridge, addresses: bridged },
    );
    await apply(this.kernel, plan, space.path);
    return { plan, addresses };
  }

  async detach(space: Space, { plan }: Attached): Promise<void> {
    const left = await retract(this.kernel, plan, space.path);
    if (left.length > 0) throw new Error(`planned node: ${left.length} items are left`);
  }

  async close(): Promise<void> {
    await this.kernel.close();
    await Promise.all([this.space, ...this.#pods].map((space) => space.close()));
  }
}
