import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { turnOf } from '../../core/cluster/nic-config.ts';
import type { Learnt } from '../../core/cluster/learnt.ts';
import { type NicPlace, type Placing, PLACED_ANYWHERE, placeNamed } from '../../core/ipam/placing.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import { Informer } from '../../io/kube/informer.ts';
import {
  DEFAULT_NIC_CONFIG,
  ENI_CONFIGS,
  NIC_CONFIGS,
  type NicConfigShape,
  nicConfigsOf,
  readNicConfig,
} from '../../wire/kube/crd/nic-config.ts';
import type { Resource } from '../../wire/kube/resource.ts';
import type { KubeDoors } from './cluster-runner.ts';
import type { History } from './history.ts';
import type { PoolRunner } from './pool-runner.ts';

export interface NicConfigDoors {
  readonly kube: KubeDoors;
  readonly clock: Clock;
  readonly log: Logger;
  readonly history: History;
  readonly pool: PoolRunner;
  readonly own: () => string | undefined; // the NICConfig that this node's NICs stand by
  readonly heard: (own: NicPlace) => void; // it says this; to be put on record
}

/**
 * The cluster's NICConfigs and ENIConfigs: the pool hears of each change, and so does whoever looks at the Node, if it
 * is the node's own. Until both kinds were told nothing is known of any (A47).
 */
export class NicConfigRunner {
  readonly #doors: NicConfigDoors;
  readonly #kinds: readonly Informer<NicConfigShape>[];
  #told: Placing = PLACED_ANYWHERE;

  constructor(doors: NicConfigDoors) {
    this.#doors = doors;
    this.#kinds = [this.#follow(NIC_CONFIGS), this.#follow(ENI_CONFIGS)];
  }

  start(): void {
    for (const kind of this.#kinds) kind.start();
  }

  stop(): void {
    for (const kind of this.#kinds) kind.stop();
  }

  /** What is known now is what the pool goes by from now on. Returns at once. */
  tell(): void {
    const { pool, history, log, own, heard } = this.#doors;
    const [ours, theirs] = this.#kinds;
    if (ours === undefined || theirs === undefined || !ours.synced || !theirs.synced) return;
    const placing = { own: own(), known: nicConfigsOf(ours.values(), theirs.values()) };
    if (JSON.stringify(placing) === JSON.stringify(this.#told)) return;
    const turn = turnOf(this.#told, placing, pool.pool.cloud?.nics ?? []);
    this.#told = placing;
    const place = placing.own === undefined ? undefined : placeNamed(placing, placing.own);
    if (place !== undefined) heard(place);
    if (placing.own !== undefined) log.info('NICConfigs', { own: placing.own, known: placing.known.length });
    if (turn !== undefined) history.note({}, turn);
    pool.tell({ kind: 'placing', placing }).catch((err: unknown) => log.warn('NICConfigs not taken on', { err }));
  }

  #follow(resource: Resource): Informer<NicConfigShape> {
    const { kube, clock, log } = this.#doors;
    const changed = () => this.tell();
    return new Informer(
      { ...kube, clock, log },
      // AWS's kind may not be installed; Berth's own not yet
      { select: { resource }, read: readNicConfig, mayBeUnknown: true, hear: changed, synced: changed },
    );
  }
}

/** By which objects NICs stand before the cluster has told of any: of the node's own it is on record. */
export function firstPlacing({ nicConfigs }: AgentConfig['cloud'], { nicConfig, nicPlace }: Learnt): Placing {
  if (nicConfigs === 'none') return PLACED_ANYWHERE;
  const own = nicConfigs === 'node' ? (nicConfig ?? DEFAULT_NIC_CONFIG) : undefined;
  const lately = nicPlace !== undefined && nicPlace.name === own ? { subnet: nicPlace.subnet } : {};
  return { own, known: undefined, ...lately };
}
