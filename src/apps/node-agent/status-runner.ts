import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { type KubeClient, KubeError } from '../../io/kube/client.ts';
import {
  BERTH_NODES,
  type BerthNodeStatus,
  writeBerthNode,
  writeBerthNodeStatus,
} from '../../wire/kube/crd/berth-node.ts';
import { Rounds } from './rounds.ts';

export interface StatusDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly nodeName: string;
  /** The uid of the own Node; undefined: there is none, and nothing is told. */
  readonly nodeUid: () => string | undefined;
  /** How the node is: all of it in memory. */
  readonly status: () => BerthNodeStatus;
}

/** How often the agent looks whether it has something new to tell. Nobody is asked by that. */
const LOOK_MS: Millis = 2_000;
/** Between two words of one node: under churn of 5,000 nodes some 300 a second. */
const REST_MS: Millis = 15_000;
const LAST_PAUSE_MS: Millis = 300_000;
const MANAGER = { manager: 'berth-agent', force: true };

/** Tells the node's own BerthNode: what is new, seldom, and nothing while nothing is new. */
export class StatusRunner {
  readonly #doors: StatusDoors;
  #told = '';
  #notBefore: Millis = Number.NEGATIVE_INFINITY;
  #failures = 0;
  readonly #rounds: Rounds;

  constructor(doors: StatusDoors) {
    this.#doors = doors;
    this.#rounds = new Rounds(doors.clock, () => this.#look());
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  async #look(): Promise<Millis> {
    const { clock, random, nodeUid, status } = this.#doors;
    const uid = nodeUid();
    if (uid !== undefined && clock.steady() >= this.#notBefore) {
      const now = status();
      const word = `${uid} ${essence(now)}`; // a Node that is registered anew has its word anew
      if (word !== this.#told) {
        if (await this.#tell(now)) this.#told = word;
        const pause = Math.min(LAST_PAUSE_MS, REST_MS * 2 ** this.#failures);
        this.#notBefore = clock.steady() + pause * (0.75 + random.fraction() / 2);
      }
    }
    return LOOK_MS;
  }

  /** Answers whether it arrived. */
  async #tell(status: BerthNodeStatus): Promise<boolean> {
    const { client, log, nodeName: name } = this.#doors;
    const place = { resource: BERTH_NODES, name };
    const write = () => client.apply({ ...place, part: 'status' }, writeBerthNodeStatus(name, status), MANAGER);
    try {
      await write().catch(async (error: unknown) => {
        if (!(error instanceof KubeError) || error.kind !== 'absent') throw error;
        await client.apply(place, writeBerthNode(name), MANAGER);
        await write();
      });
      this.#failures = 0;
      return true;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (this.#failures === 0) log.info('BerthNode not told', { kind: error.kind, says: error.message });
      this.#failures = Math.min(this.#failures + 1, 16);
      return false;
    }
  }
}

/** What counts as new: not the seconds and counts in a sentence. */
function essence({ problems, ...rest }: BerthNodeStatus): string {
  return JSON.stringify([rest, problems.map((it) => it.replaceAll(/\d+/g, '#'))]);
}
