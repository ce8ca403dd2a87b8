import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import {
  ADDRESS_RESOURCE,
  conditionKind,
  type NodeTruth,
  type NodeWord,
  nothingWrong,
  NOT_READY_TAINT,
  type OwnNode,
  POD_NIC_RESOURCE,
  wordOf,
  wrongs,
} from '../../core/cluster/node-word.ts';
import { type KubeClient, KubeError } from '../../io/kube/client.ts';
import { type OwnNodeShape, readOwnNode, taintPatch, writeNodeStatus } from '../../wire/kube/own-node.ts';
import type { KubeObject } from '../../wire/kube/object.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { Rounds } from './rounds.ts';

export interface TellerDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** The Node as it was told last; undefined: it is not known, or changes are not heard. */
  readonly own: () => OwnNodeShape | undefined;
  /** How the agent is: all of it in memory. */
  readonly truth: () => NodeTruth;
}

/** How often the agent looks whether its Node says what is so. Nobody is asked by that. */
const LOOK_MS: Millis = 1_000;
/** So long an answer may be ahead of the watch. Who sets the same thing again within it is noticed after it. */
const AHEAD_MS: Millis = 10_000;
/** After a word that did not arrive. */
const AGAIN_MS: Millis = 15_000;

/** What the Node is since we wrote it, and what the watch had told before. */
interface Written {
  readonly told: string;
  readonly own: OwnNodeShape;
  readonly until: Millis; // by the steady clock: then the watch counts
}

/**
 * Has the node's own Node say whether pods have a network here, and how many more (A22, A23, A89): a condition each, a
 * resource, and the taint of nodes without an agent taken away. Written when it differs, whoever changed it.
 */
export class NodeTeller {
  readonly #doors: TellerDoors;
  #wrong = nothingWrong;
  #written: Written | undefined;
  #failed: string | undefined;
  readonly #rounds: Rounds;

  constructor(doors: TellerDoors) {
    this.#doors = doors;
    this.#rounds = new Rounds(doors.clock, () => this.#look());
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  /** Answers in how long to look again. */
  async #look(): Promise<Millis> {
    const { clock, own, truth } = this.#doors;
    const now = clock.now();
    const true_ = truth();
    this.#wrong = wrongs(this.#wrong, true_, now);
    const told = own();
    const word = told && wordOf(this.#ownNode(told), { truth: true_, wrong: this.#wrong }, now);
    return word === undefined || told === undefined ? LOOK_MS : this.#tell(word, told);
  }

  #ownNode(told: OwnNodeShape): OwnNode {
    const written = this.#written;
    const ahead = written?.told === JSON.stringify(told) && this.#doors.clock.steady() < written.until;
    const now = ahead ? written.own : told;
    const of = (kind: 'network' | 'pressure') => now.conditions.find(({ type }) => conditionKind(type) === kind);
    return {
      tainted: now.taints.includes(NOT_READY_TAINT),
      addresses: now.resources[ADDRESS_RESOURCE],
      podNics: now.resources[POD_NIC_RESOURCE],
      network: of('network'),
      pressure: of('pressure'),
    };
  }

  async #untaint(): Promise<KubeObject> {
    const { client, nodeName: name } = this.#doors;
    const node = await client.get({ resource: NODES, name });
    const patch = taintPatch(node, NOT_READY_TAINT, undefined);
    return patch === undefined ? node : client.patch({ resource: NODES, name }, 'merge', patch);
  }

  /** Answers in how long to look again. */
  async #tell({ untaint, conditions, addresses, podNics }: NodeWord, told: OwnNodeShape): Promise<Millis> {
    const { client, clock, log, nodeName: name } = this.#doors;
    const resources = {
      ...(addresses === undefined ? {} : { [ADDRESS_RESOURCE]: addresses }),
      ...(podNics === undefined ? {} : { [POD_NIC_RESOURCE]: podNics }),
    };
    try {
      let own: OwnNodeShape | undefined;
      if (conditions.length > 0 || Object.keys(resources).length > 0) {
        const status = writeNodeStatus(conditions, resources, clock.now());
        own = readOwnNode(await client.patch({ resource: NODES, name, part: 'status' }, 'strategic', status));
      }
      if (untaint) own = readOwnNode(await this.#untaint());
      if (own !== undefined) this.#written = { told: JSON.stringify(told), own, until: clock.steady() + AHEAD_MS };
      for (const { type, status, reason } of conditions) log.info('node condition', { type, status, reason });
      if (untaint) log.info('taint removed', { taint: NOT_READY_TAINT });
      this.#failed = undefined;
      return LOOK_MS;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.kind === 'conflict') return LOOK_MS; // somebody else wrote it just then, as kubelets do at a start
      if (this.#failed !== error.kind) log.warn('node not told', { kind: error.kind, says: error.message });
      this.#failed = error.kind;
      return AGAIN_MS;
    }
  }
}
