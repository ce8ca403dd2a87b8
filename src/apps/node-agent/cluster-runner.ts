import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Prefix } from '../../base/ip.ts';
import { type Lack, lackWords, learn, type Learnt } from '../../core/cluster/learnt.ts';
import type { NicPlace } from '../../core/ipam/placing.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { KubeClient, KubeError } from '../../io/kube/client.ts';
import { type Change, Informer } from '../../io/kube/informer.ts';
import type { Journal } from '../../io/store/journal.ts';
import { nodeNicConfig } from '../../wire/kube/crd/nic-config.ts';
import { type NodeShape, readNode, readServiceRanges } from '../../wire/kube/node.ts';
import { type OwnNodeShape, readOwnNode } from '../../wire/kube/own-node.ts';
import type { KubeObject } from '../../wire/kube/object.ts';
import { NODES, SERVICE_RANGES } from '../../wire/kube/resource.ts';
import { clusterConfig } from './cluster-config.ts';

/** The API server, and what the copies of its objects need. */
export interface KubeDoors {
  readonly client: KubeClient;
  readonly random: Random;
}

export interface ClusterDoors {
  readonly kube: KubeDoors;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who hears of changes. */
export interface ClusterListener {
  /** The configuration is another now. Not called again before it resolves; never throws. */
  readonly changed: () => Promise<void>;
  /** This node is cordoned, or no longer. */
  readonly cordoned: (cordoned: boolean) => void;
}

type KnownNode = NodeShape & { readonly own?: OwnNodeShape; readonly nicConfig?: string };

const GATHER_MS: Millis = 100; // nodes come and go in bursts
const NONE_MS: Millis = 3_600_000;
const RETRY_MS: Millis = 2_000; // after a record that could not be written

/**
 * What this node knows of its cluster, from the Node objects: its own ranges, the way to all others (K1, K8, K9). What
 * was learnt is on record before anything stands on it; until the API server answers, the record counts (A24).
 */
export class ClusterRunner {
  readonly #doors: ClusterDoors;
  readonly #nodeName: string;
  readonly #nodes: Informer<KnownNode>;
  readonly #services: Informer<readonly Prefix[]> | undefined;
  #listener: ClusterListener | undefined;
  #lack: Lack | undefined;
  #doubts: readonly string[] = [];
  #cordoned = false;
  #told: boolean | undefined; // whether pods keep their addresses, since the start
  #keepers: boolean | undefined; // as far as it counts
  #nicPlace: Learnt['nicPlace'];
  #cancelNone: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  #learning = false;
  #stale = false; // whoever follows has not been told yet
  #tellFirst: () => void = () => {};
  #stopped = false;

  /** On a cloud its VPC knows the ways, and only the own Node is of interest. */
  constructor(doors: ClusterDoors, { nodeName, provider, cloud }: AgentConfig) {
    const { kube, clock, log } = doors;
    this.#doors = doors;
    this.#nodeName = nodeName;
    const routed = provider === 'podcidr';
    const informed = { ...kube, clock, log };
    const first = () => this.#tellFirst();
    this.#nodes = new Informer(informed, {
      select: { resource: NODES, ...(routed ? {} : { fields: `metadata.name=${nodeName}` }) },
      // only of the own Node its taints and conditions are of interest
      read: (it) => (it.metadata.name === nodeName ? ownNode(it, routed ? 'none' : cloud) : readNode(it)),
      hear: (change) => this.#hear(change, routed),
      synced: () => void this.#learnNow().then(first),
      failed: first,
    });
    if (!routed) return;
    this.#services = new Informer(informed, {
      select: { resource: SERVICE_RANGES },
      read: readServiceRanges,
      hear: () => this.#learnSoon(GATHER_MS),
      mayBeRefused: true, // before Kubernetes 1.33 there is no such resource
    });
  }

  /** Begins to listen. Resolves when the nodes are known, the API server was not to be had, or so long has passed. */
  async start(withinMs: Millis): Promise<void> {
    const first = new Promise<void>((resolve) => {
      const cancel = this.#doors.clock.timer(withinMs, resolve);
      this.#tellFirst = () => {
        cancel();
        resolve();
      };
    });
    this.#nodes.start();
    this.#services?.start();
    await first;
  }

  /** From now on changes are told. */
  follow(listener: ClusterListener): void {
    this.#listener = listener;
    if (this.#cordoned) listener.cordoned(true);
    void listener.changed(); // what was learnt between the start and now
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancelNone?.();
    this.#tellFirst();
    this.#nodes.stop();
    this.#services?.stop();
  }

  /** The configuration of the file with what was learnt. What the file says itself goes first. */
  configured(file: AgentConfig): AgentConfig {
    return clusterConfig(file, this.#learnt);
  }

  /** Why pods cannot have addresses, though nothing is wrong with the node; undefined: they can. */
  lack(file: AgentConfig): string | undefined {
    if (file.provider !== 'podcidr' || this.configured(file).network.ranges.length > 0) return undefined;
    if (this.#nodes.synced) return this.#lack === undefined ? undefined : lackWords(this.#lack, this.#nodeName);
    const heard = this.#nodes.trouble;
    return `the ranges of Node ${this.#nodeName} are not known yet: ${heard?.message ?? 'the API server is being asked'}`;
  }

  /** Why the API server is not heard now. */
  get trouble(): KubeError | undefined {
    return this.#nodes.trouble;
  }

  /** Whether changes are heard now. */
  get heard(): boolean {
    return this.#nodes.synced && this.#nodes.trouble === undefined;
  }

  /** The own Node, while changes are heard. */
  get own(): OwnNodeShape | undefined {
    return this.heard ? this.#nodes.get(this.#nodeName)?.own : undefined;
  }

  /** The uid of the own Node; undefined: it is gone, or not known yet. */
  get uid(): string | undefined {
    return this.#nodes.get(this.#nodeName)?.uid;
  }

  /** The NICConfig by which this node's NICs stand says this now. */
  hearPlace({ name, subnet }: NicPlace): void {
    this.#nicPlace = { name, subnet };
    this.#learnSoon(GATHER_MS);
  }

  /** Whether pods of the cluster keep their addresses, as far as it ever told. */
  get keepers(): boolean | undefined {
    return this.#learnt.keepers;
  }

  /** The cluster tells it now. That there are none counts when it was so for an hour: there may soon be a first. */
  hearKeepers(there: boolean): void {
    if (there === this.#told) return;
    this.#told = there;
    this.#cancelNone?.();
    const take = () => {
      this.#keepers = there;
      this.#learnSoon(GATHER_MS);
    };
    if (there) take();
    else this.#cancelNone = this.#doors.clock.timer(NONE_MS, take);
  }

  /** Nodes that there is a way to. */
  get nodes(): number {
    return this.#learnt.peers.length;
  }

  get doubts(): readonly string[] {
    return this.#doubts;
  }

  get #learnt(): Learnt {
    return this.#doors.journal.memory().learnt;
  }

  #hear(change: Change<KnownNode>, routed: boolean): void {
    if (change.key === this.#nodeName && change.kind !== 'removed') this.#hearCordon(change.now.cordoned);
    if (routed || this.#namesAnother(change)) this.#learnSoon(GATHER_MS);
  }

  /** The own Node, and the NICConfig that it names: a Node may come after its agent, or anew. */
  #namesAnother(change: Change<KnownNode>): boolean {
    if (change.key !== this.#nodeName || change.kind === 'removed') return false;
    const before = change.kind === 'changed' ? change.before.nicConfig : this.#learnt.nicConfig;
    return before !== change.now.nicConfig;
  }

  #hearCordon(cordoned: boolean): void {
    if (cordoned === this.#cordoned) return;
    this.#cordoned = cordoned;
    this.#doors.log.info(cordoned ? 'cordoned' : 'uncordoned', {});
    this.#listener?.cordoned(cordoned);
  }

  #learnSoon(ms: Millis): void {
    this.#stale = true;
    // a list that is still being told would be taken for the whole cluster
    if (this.#stopped || this.#learning || !this.#nodes.synced) return;
    this.#cancel ??= this.#doors.clock.timer(ms, () => void this.#learnNow());
  }

  /** One at a time; what comes meanwhile is learnt after it. */
  async #learnNow(): Promise<void> {
    this.#cancel = undefined;
    this.#learning = true;
    this.#stale = false;
    const again = (await this.#learn()) ? GATHER_MS : RETRY_MS;
    this.#learning = false;
    if (this.#stale || again === RETRY_MS) this.#learnSoon(again);
  }

  /** Puts what is known now on record, and tells it on. Answers whether it could. */
  async #learn(): Promise<boolean> {
    const { journal, log } = this.#doors;
    const before = this.#learnt;
    const services = this.#services?.synced === true ? this.#services.values().flat() : before.cluster;
    const lesson = learn(this.#nodes.values(), { nodeName: this.#nodeName, services, before });
    const { lack, doubts } = lesson;
    const own = this.#nodes.get(this.#nodeName);
    const nicConfig = own === undefined ? before.nicConfig : own.nicConfig;
    const keepers = this.#keepers ?? before.keepers;
    const nicPlace = this.#nicPlace ?? before.nicPlace;
    const learnt = {
      ...lesson.learnt,
      ...(keepers === undefined ? {} : { keepers }),
      ...(nicConfig === undefined ? {} : { nicConfig }),
      ...(nicPlace === undefined ? {} : { nicPlace }),
    };
    for (const doubt of doubts) if (!this.#doubts.includes(doubt)) log.warn('doubtful cluster', { says: doubt });
    this.#doubts = doubts;
    const differs = JSON.stringify(learnt) !== JSON.stringify(before);
    if (!differs && lack === this.#lack) return true;
    if (differs) {
      try {
        await journal.append([{ kind: 'cluster', learnt }]);
      } catch (err) {
        log.warn('cluster not on record', { err });
        return false;
      }
      log.info('cluster learnt', { ranges: learnt.ranges, nodes: learnt.peers.length });
    }
    this.#lack = lack;
    await this.#listener?.changed();
    return true;
  }
}

/** All that is kept of the own Node. */
function ownNode(it: KubeObject, cloud: AgentConfig['cloud'] | 'none'): KnownNode {
  const known = { ...readNode(it), own: readOwnNode(it) };
  const named = cloud !== 'none' && cloud.nicConfigs === 'node';
  return named ? { ...known, nicConfig: nodeNicConfig(it, cloud.nicConfigKey) } : known;
}
