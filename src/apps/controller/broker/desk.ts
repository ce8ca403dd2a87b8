import type { Clock } from '../../../base/clock.ts';
import type { Address } from '../../../base/ip.ts';
import type { Logger } from '../../../base/log.ts';
import type { BrokerRefusal } from '../../../core/cluster/broker.ts';
import { CloudError } from '../../../io/cloud/provider.ts';
import { KubeError } from '../../../io/kube/client.ts';
import type { HttpAnswer, HttpRequest } from '../../../io/system/http-server.ts';
import { type Answer, type RefusedWhy, writeAnswer } from '../../../wire/broker/answer.ts';
import { MessageError } from '../../../wire/broker/field.ts';
import { type Question, readQuestion } from '../../../wire/broker/question.ts';
import { NOT_LEADING } from '../not-leading.ts';
import { AskBook } from './ask-book.ts';
import type { BrokerMeter } from './broker-doors.ts';
import type { Callers } from './callers.ts';
import type { Instances } from './instances.ts';
import { Overtaken } from './orders.ts';

export interface DeskDoors {
  readonly callers: Callers;
  readonly instances: Instances;
  readonly leads: () => boolean; // at this very moment
  /** Whether a node may take an address off a NIC that is another's. */
  readonly mayTake: (node: string, address: Address, from: string) => boolean;
  readonly synced: () => boolean; // the Nodes are known
  readonly changesPerSecond: number; // that the cloud is asked for, for all nodes
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: BrokerMeter;
}

const READS: ReadonlySet<string> = new Set(['limits', 'report', 'ranges', 'branches']);

/** Where agents' questions are answered: who asks, for which instance, once, and by the leader alone. */
export class Desk {
  readonly #doors: DeskDoors;
  readonly #book: AskBook;

  constructor(doors: DeskDoors) {
    this.#doors = doors;
    this.#book = new AskBook(doors.clock);
  }

  /** Questions that are being worked on. */
  get running(): number {
    return this.#book.running;
  }

  /** Whatever is asked, it is answered in the protocol's words. */
  async serve({ body, authorization }: Pick<HttpRequest, 'body' | 'authorization'>): Promise<HttpAnswer> {
    const { clock, log, meter } = this.#doors;
    const began = clock.steady();
    let [wish, from] = ['none', ''];
    const answer = await this.#answer({ body, authorization }, (question, node) => {
      [wish, from] = [question.wish.do, node];
    }).catch((error: unknown) => refusalOf(error, log));
    meter.asked(wish, outcomeOf(answer), (clock.steady() - began) / 1_000);
    if (answer.is === 'refused' && answer.why !== 'not-leader')
      log.warn('question refused', { node: from, wish, why: answer.why, says: answer.message });
    return { type: 'application/json', body: writeAnswer(answer) };
  }

  close(): void {
    this.#book.close();
  }

  /** Who was throttled comes back when those before have gone. */
  #paced(answer: Answer): Answer {
    if (answer.is !== 'failed' || answer.failure.kind !== 'throttled') return answer;
    const backlogMs = Math.ceil((this.#book.running / this.#doors.changesPerSecond) * 1_000);
    const retryAfterMs = Math.max(answer.failure.retryAfterMs ?? 0, backlogMs);
    return { ...answer, failure: { ...answer.failure, retryAfterMs } };
  }

  async #answer(
    { body, authorization }: Pick<HttpRequest, 'body' | 'authorization'>,
    heard: (question: Question, node: string) => void,
  ): Promise<Answer> {
    const { callers, instances, leads, synced } = this.#doors;
    if (!leads() || !synced()) return notLeader();
    const caller = await callers.nodeOf(authorization);
    if (!('node' in caller)) return refused(caller);
    const question = readQuestion(body);
    heard(question, caller.node);
    const { id, order, urgency, wish } = question;
    const mayTake = (address: Address, from: string) => this.#doors.mayTake(caller.node, address, from);
    const work = async (): Promise<Answer> => {
      try {
        const instance = await instances.of(caller.node);
        if ('why' in instance) return refused(instance);
        return { is: 'done', found: await instance.carryOut(wish, { urgency, order, mayTake }) };
      } catch (error) {
        return this.#paced(failureOf(error, this.#doors.log));
      }
    };
    return this.#book.answer({ node: caller.node, id, changes: !READS.has(wish.do), work });
  }
}

/** This replica does not work. */
export function notLeader(): Answer {
  return { is: 'refused', why: 'not-leader', message: 'this replica of the controller does not lead' };
}

function refused({ why, message }: BrokerRefusal): Answer {
  return { is: 'refused', why, message };
}

function refusalOf(error: unknown, log: Logger): Answer {
  if (error instanceof MessageError) return { is: 'refused', why: 'malformed', message: error.message };
  if (error instanceof KubeError) return { is: 'refused', why: 'unsure', message: error.message };
  return failureOf(error, log);
}

function failureOf(error: unknown, log: Logger): Answer {
  if (error instanceof CloudError) {
    if (error.code === NOT_LEADING) return notLeader();
    const { kind, action, code, message, subnet, retryAfterMs } = error;
    const more = {
      ...(subnet && { subnet }),
      ...(retryAfterMs && { retryAfterMs: Math.ceil(retryAfterMs) }),
      ...(error instanceof Overtaken && { newest: error.newest }),
    };
    return { is: 'failed', failure: { kind, action, code, message, ...more } };
  }
  log.error('question failed', { err: error });
  const message = `the controller failed at it: ${error instanceof Error ? error.message : String(error)}`;
  return { is: 'failed', failure: { kind: 'unknown', action: 'controller', code: 'Defect', message } };
}

function outcomeOf(answer: Answer): RefusedWhy | string {
  if (answer.is === 'refused') return answer.why;
  return answer.is === 'failed' ? answer.failure.kind : answer.is;
}
