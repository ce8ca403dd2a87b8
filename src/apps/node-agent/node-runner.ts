import type { Logger } from '../../base/log.ts';
import type { Clock, Millis } from '../../base/clock.ts';
import { addressIn, type Family, familyOf, type Prefix } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import { type NicDatapath, nicMark, nicPlan } from '../../core/datapath/nic-plan.ts';
import type { Range } from '../../core/ipam/event.ts';
import { bridgeAddress, type NodeDatapath, nodeMtu, nodePlan, nodeWays } from '../../core/datapath/node-plan.ts';
import { transition } from '../../core/datapath/transition.ts';
import { retract } from '../../io/kernel/execute.ts';
import { type Plan, show } from '../../core/datapath/plan.ts';
import type { LinkFacts } from '../../core/datapath/tunnel.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { HostLink, Kernel } from '../../io/kernel/kernel.ts';
import type { Journal } from '../../io/store/journal.ts';
import { type NodeNic, nodeNics } from './node-nics.ts';
import type { NodePlaceNow } from './wish.ts';

export interface NodeDoors {
  readonly kernel: Kernel;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  /** The plans of the pods that stand on the node's. */
  readonly standing: () => readonly Plan[];
  /** What else pods must wait for, in a sentence. */
  readonly lack?: () => string | undefined;
}

/** What a cloud adds to the configuration. */
interface CloudPart {
  readonly nics: readonly NodeNic[];
  readonly vpcRanges: readonly Prefix[];
}

const RETRY_MS = 2_000; //     after a plan that could not be applied, or put on record
const FIRST_LEFT_MS = 5_000; // after a part of the former one that could not be removed
const LAST_LEFT_MS = 300_000;

/**
 * The node's own part of the network: what all pods share. Made at the start, changed with the configuration, never
 * taken back.
 */
export class NodeRunner {
  readonly #doors: NodeDoors;
  #config: AgentConfig;
  #want: NodeDatapath | undefined;
  #place: NodePlaceNow | undefined;
  #cloud: CloudPart = { nics: [], vpcRanges: [] };
  #standing: ReadonlySet<Mac> = new Set(); // NICs of the plan that stands
  #trouble: string | undefined = 'the agent is starting';
  #tail: Promise<unknown> = Promise.resolve();
  #cancelRetry: (() => void) | undefined;
  #leftMs: Millis = FIRST_LEFT_MS;
  #stopped = false;
  readonly #waiting = new Set<() => void>(); // who waits for the first plan that stands

  constructor(doors: NodeDoors, config: AgentConfig) {
    this.#doors = doors;
    this.#config = config;
    const { nics, vpcRanges } = doors.journal.memory();
    if (config.provider !== 'podcidr') this.#cloud = { nics: nodeNics(nics), vpcRanges }; // until the cloud tells anew
  }

  get config(): AgentConfig {
    return this.#config;
  }

  /** The plan on record: what is, or is about to be, in the kernel. */
  get plan(): Plan {
    return this.#doors.journal.memory().nodePlan;
  }

  /** Whether the node's plan was applied whole. */
  get standing(): boolean {
    return this.trouble === undefined;
  }

  /** Why it does not stand, or no pod may stand on it yet. */
  get trouble(): string | undefined {
    return this.#trouble ?? this.#doors.lack?.();
  }

  /**
   * Whether a plan has stood since the agent started: before that nobody knows what a pod needs. A later change that
   * fails leaves the node as it was.
   */
  get known(): boolean {
    return this.#want !== undefined && this.#doors.lack?.() === undefined;
  }

  /** Resolves when the node is known, and after so long at the latest: ask then. */
  async settled(withinMs: Millis): Promise<void> {
    if (this.known) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = this.#doors.clock.timer(withinMs, done);
      this.#waiting.add(done);
    });
  }

  get families(): readonly Family[] {
    const { provider, cloud, network } = this.#config;
    if (provider !== 'podcidr') return cloud.families;
    return (['v4', 'v6'] as const).filter((family) => network.ranges.some((it) => familyOf(it) === family));
  }

  get patienceMs(): Millis {
    return this.#config.pool.patienceMs;
  }

  /** The ranges as the pool gives from them. */
  get ranges(): readonly Range[] {
    const { ranges, reserved } = this.#config.network;
    return ranges.map((prefix) => ({ prefix, gateway: bridgeAddress(prefix), reserved }));
  }

  /** What a pod's plan needs to know of the node. Made once a change: with many peers it is long to make. */
  place(): NodePlaceNow {
    this.#place ??= this.#placeNow();
    return this.#place;
  }

  #placeNow(): NodePlaceNow {
    const { mode, bridge, ranges } = this.#config.network;
    const found = this.plan.find((item) => item.kind === 'bridge' && item.link.name === bridge);
    return {
      mode,
      bridge,
      bridgeMac: found?.kind === 'bridge' ? found.mac : undefined,
      mtuBytes: this.#want === undefined ? 1500 : nodeMtu(this.#want),
      families: this.families,
      ranges: ranges.map((prefix: Prefix) => ({ prefix, gateway: bridgeAddress(prefix) })),
    };
  }

  /**
   * The node stands on these NICs from now on. Answers those whose link is there, when the plan with them stands.
   * Throws as `establish`.
   */
  async setNics(nics: readonly NodeNic[]): Promise<ReadonlySet<Mac>> {
    this.#cloud = { ...this.#cloud, nics };
    await this.establish(this.#config);
    return this.#standing;
  }

  /** Inside of these ranges, too, pods keep their own address. Throws as `establish`. */
  async setVpcRanges(vpcRanges: readonly Prefix[]): Promise<void> {
    if (vpcRanges.join() === this.#cloud.vpcRanges.join()) return;
    await this.#doors.journal.append([{ kind: 'vpc-ranges', ranges: vpcRanges }]);
    this.#cloud = { ...this.#cloud, vpcRanges };
    await this.establish(this.#config);
  }

  /**
   * Brings the kernel from the plan on record to the one that configuration and links now ask for. The new plan is on
   * record before it is applied. Throws KernelError or JournalError; called again, it goes on. What failed is tried
   * again until it stands.
   */
  establish(config: AgentConfig): Promise<void> {
    this.#config = config;
    this.#place = undefined;
    this.#cancelRetry?.();
    const mine = this.#tail.then(() => this.#establish(this.#config));
    this.#tail = mine.catch((err: unknown) => {
      this.#doors.log.error('node network not set up', { err });
      this.#retryLater(RETRY_MS);
    });
    return mine;
  }

  /** Nothing is tried again after this. */
  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    for (const done of [...this.#waiting]) done();
  }

  #retryLater(after: Millis): void {
    this.#cancelRetry?.();
    if (this.#stopped) return;
    this.#cancelRetry = this.#doors.clock.timer(after, () => {
      this.establish(this.#config).catch(() => {}); // said, and tried again
    });
  }

  async #establish(config: AgentConfig): Promise<void> {
    try {
      const links = await this.#doors.kernel.hostLinks();
      const nics = nicsOn(this.#cloud.nics, links);
      const want = wanted(config, { uplink: uplinkOf(config, links), nics, vpcRanges: this.#cloud.vpcRanges });
      this.#tellWays(want);
      const after = [...nodePlan(want), ...nics.flatMap(nicPlan)];
      const { remove } = transition(this.plan, after, this.#doors.standing());
      // a crash now finds what to take back
      await this.#record([...after, ...remove]);
      const left = await this.#removed(remove);
      const { failure } = await this.#doors.kernel.ensure(after);
      if (failure !== undefined) throw failure.error;
      if (remove.length > 0) await this.#record([...after, ...left]); // what is on record is tried again
      this.#standing = new Set(nics.map(({ mac }) => mac));
      this.#want = want;
      this.#place = undefined;
      this.#trouble = undefined;
      if (this.known) for (const done of [...this.#waiting]) done();
      if (left.length > 0) this.#retryLater(this.#leftMs);
      this.#leftMs = left.length > 0 ? Math.min(LAST_LEFT_MS, 2 * this.#leftMs) : FIRST_LEFT_MS;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** What could not be removed. */
  async #removed(remove: Plan): Promise<Plan> {
    const left = await retract(this.#doors.kernel, remove);
    for (const { item, error } of left)
      this.#doors.log.warn('not removed', { owner: 'node', item: show(item), err: error });
    return left.map(({ item }) => item);
  }

  /** The plan is long, and at most starts it is the one that is there. */
  async #record(plan: Plan): Promise<void> {
    if (JSON.stringify(plan) === JSON.stringify(this.plan)) return;
    await this.#doors.journal.append([{ kind: 'node-plan', plan }]);
  }

  #tellWays(want: NodeDatapath): void {
    for (const way of nodeWays(want).ways)
      if (way.by === 'none' && way.why !== 'left-to-the-network')
        this.#doors.log.warn('no way to a range', { peer: way.peer.name, range: way.range, why: way.why });
  }
}

/** The NICs whose links are there. */
function nicsOn(nics: readonly NodeNic[], links: readonly HostLink[]): readonly (NodeNic & NicDatapath)[] {
  const linkOf = (nic: NodeNic | undefined) => links.find(({ mac }) => mac !== undefined && mac === nic?.mac);
  const mtuBytes = linkOf(nics.find(({ card, device }) => card === 0 && device === 0))?.mtuBytes;
  return nics.flatMap((nic) => {
    const link = linkOf(nic);
    if (link === undefined) return [];
    return [{ ...nic, link: link.name, ...(mtuBytes === undefined ? {} : { mtuBytes }) }];
  });
}

function wanted(
  config: AgentConfig,
  of: { uplink: LinkFacts | undefined; nics: readonly NicDatapath[]; vpcRanges: readonly Prefix[] },
): NodeDatapath {
  const { network, cloud } = config;
  const plain = { ...network, nodeName: config.nodeName, checkSources: true, uplink: of.uplink };
  if (config.provider === 'podcidr') return plain;
  const places = Array.from({ length: MOST_DEVICES }, (_, device) => ({ card: 0, device }));
  return {
    ...plain,
    ranges: [],
    cluster: [...new Set([...network.cluster, ...of.vpcRanges])],
    masquerade: { ...network.masquerade, families: ['v4'] }, // IPv6 of a VPC is the world's own
    nics: {
      families: cloud.families,
      marks: [...new Set([...places, ...of.nics].map(nicMark))],
      external: cloud.external,
      strictBranches: cloud.podGroups === 'strict',
    },
  };
}

/** More than the first card of any instance type has: the ruleset stays as it is when NICs come and go. */
const MOST_DEVICES = 16;

/**
 * The configured link, else the one with the address that others know us by, else that of the default route, else the
 * first that has an address.
 */
function uplinkOf(config: AgentConfig, links: readonly HostLink[]): LinkFacts | undefined {
  const { network, nodeName } = config;
  const { uplink } = network;
  const byName = links.find(({ name }) => name === uplink);
  const own = network.peers.find(({ name }) => name === nodeName)?.addresses ?? [];
  const known = links.find(({ addresses }) => addresses.some((it) => own.includes(addressIn(it))));
  const byRoute = links.find(({ defaultRoute }) => defaultRoute.length > 0);
  const byAddress = links.find(({ up, addresses }) => up && addresses.length > 0);
  return uplink === 'auto' ? (known ?? byRoute ?? byAddress) : byName;
}
