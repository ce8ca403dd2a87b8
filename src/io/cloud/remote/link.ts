import type { Clock, Millis } from '../../../base/clock.ts';
import type { Random } from '../../../base/random.ts';
import { type Answer, readAnswer } from '../../../wire/broker/answer.ts';
import type { Beacon } from '../../../wire/broker/beacon.ts';
import { MessageError } from '../../../wire/broker/field.ts';
import type { Carrier } from './carrier.ts';

const FIRST_PAUSE_MS: Millis = 200;
const LONGEST_PAUSE_MS: Millis = 2_000;

export interface LinkDoors {
  /** Where the controller that leads is, as it says now. Throws what keeps that from being known. */
  readonly beacon: () => Promise<Beacon>;
  /** The token of our pod, as it is now. Throws what keeps it from being read. */
  readonly token: () => string;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly random: Random;
  /** So long one question is asked without an answer. */
  readonly patienceMs: Millis;
}

/** Nobody answered for a while. `message`: why, the last time. */
export class Unanswered extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'Unanswered';
  }
}

/** What a question came to; never that it is still being worked on, nor that another replica is to be asked. */
export type Outcome = Exclude<Answer, { readonly is: 'pending' }>;

/** Answers of a replica that does not work, or does not know us yet: another one may. */
const ELSEWHERE: ReadonlySet<string> = new Set(['not-leader', 'unsure', 'unknown-token']);

/**
 * The way to the controller. Where it is is asked only when that is not known or has proved wrong, so that an agent
 * that asks nothing costs nothing.
 */
export class BrokerLink {
  readonly #doors: LinkDoors;
  #beacon: Promise<Beacon> | undefined;
  #closed = false;

  constructor(doors: LinkDoors) {
    this.#doors = doors;
  }

  /**
   * Asks until there is an answer. `question` is told whether an earlier try may have arrived. Throws Unanswered when
   * there was none for so long; a refusal that lasts is an answer.
   */
  async ask(question: (again: boolean) => string): Promise<Outcome> {
    const { clock, patienceMs } = this.#doors;
    let until = clock.steady() + patienceMs;
    let [sent, tries] = [false, 0];
    for (;;) {
      let failed: unknown;
      try {
        const beacon = await this.#where();
        const text = question(sent);
        const token = this.#doors.token();
        sent = true;
        const answer = readAnswer(await this.#doors.carrier.post(beacon, token, text));
        if (answer.is === 'pending') {
          until = clock.steady() + patienceMs;
          continue;
        }
        if (answer.is !== 'refused' || !ELSEWHERE.has(answer.why)) return answer;
        failed = answer;
      } catch (error) {
        if (error instanceof MessageError)
          throw new Unanswered(`its answer is not understood: ${error.message}`, error);
        failed = error;
      }
      this.#beacon = undefined;
      if (this.#closed || clock.steady() >= until) return gaveUp(failed);
      await this.#pause(tries++);
    }
  }

  close(): void {
    this.#closed = true;
    this.#doors.carrier.close();
  }

  #where(): Promise<Beacon> {
    this.#beacon ??= this.#doors.beacon();
    return this.#beacon;
  }

  /** Full jitter: nodes that lost the controller together do not come back together. */
  #pause(tries: number): Promise<void> {
    const { clock, random } = this.#doors;
    const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
    return new Promise((resolve) => {
      clock.timer(Math.ceil((0.5 + random.fraction() / 2) * most), resolve);
    });
  }
}

/** A refusal that lasted so long is what the operator must hear. */
function gaveUp(failed: unknown): Outcome {
  if (typeof failed === 'object' && failed !== null && 'is' in failed) return failed as Outcome;
  throw new Unanswered(messageOf(failed), failed);
}

function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
