import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { advance } from '../../emulator/cloud/advance.ts';
import type { Answer } from '../../emulator/cloud/answer.ts';
import { type Cloud, emptyCloud, type Touch } from '../../emulator/cloud/cloud.ts';
import { nextDue } from '../../emulator/cloud/due.ts';
import type { Delivery, Fault } from '../../emulator/cloud/fault.ts';
import type { Call, Request } from '../../emulator/cloud/request.ts';
import type { CloudRules } from '../../emulator/cloud/rules.ts';
import { step } from '../../emulator/cloud/step.ts';
import type { SimTime } from '../time.ts';

/** What comes back of a call. `cut`: it was done or not, and the connection ended. */
export type Outcome = { readonly answer: Answer } | { readonly fault: Fault } | 'cut';

/** Something on its way: a call to the cloud, or an answer to whoever asked. */
interface Errand {
  readonly at: Millis;
  readonly order: number;
  readonly call?: Call;
  readonly answer?: (outcome: Outcome) => void;
  readonly bring?: () => void;
}

/** Of one call each way, in milliseconds: from, to. */
const WAY_MS = [2, 40] as const;

/**
 * One region of a cloud on simulated time. What was sent arrives, whether or not its sender still lives; answers to a
 * dead one are lost.
 */
export class Region {
  cloud: Cloud;
  readonly #time: SimTime;
  readonly #random: Random;
  #errands: readonly Errand[] = [];
  #order = 0;
  /** Told of what a step or time has changed. */
  onTouched: (touched: readonly Touch[]) => void = () => {};
  /** Told of what was done for whoever sent a call, whether or not the answer arrives. */
  onAnswered: (call: Call, answer: Answer) => void = () => {};

  constructor(of: { rules: CloudRules; zones: readonly string[]; time: SimTime; random: Random } | Copy) {
    this.#time = of.time;
    this.#random = of.random;
    if (!('from' in of)) {
      this.cloud = emptyCloud(of.rules, of.zones);
      return;
    }
    this.cloud = of.from.cloud;
    this.#errands = of.from.#errands.flatMap(({ at, order, call }) => (call === undefined ? [] : { at, order, call }));
    this.#order = of.from.#order;
  }

  /** A region like this one, from now on apart from it: what was on its way to the cloud still is. */
  clone(time: SimTime, random: Random): Region {
    return new Region({ from: this, time, random });
  }

  /** Sends a call; `answer` is called when something comes back, which may be never. */
  send(call: Call, answer: (outcome: Outcome) => void): void {
    this.#put({ at: this.#time.now + this.#way(), order: ++this.#order, call, answer });
  }

  /** Another's hand, at once: no bucket and no trouble. Throws where the cloud refuses. */
  outside(request: Request): Answer {
    const { reply } = this.#step({ action: request.do, group: 'outside', account: 'other', outside: true, request });
    if ('fault' in reply) throw new Error(`sim: ${request.do}: ${JSON.stringify(reply.fault)}`);
    return reply.answer;
  }

  /** The same where the cloud may refuse: then nothing happens. */
  tryOutside(request: Request): Answer | undefined {
    const reply = this.#step({ action: request.do, group: 'outside', account: 'other', outside: true, request }).reply;
    return 'fault' in reply ? undefined : reply.answer;
  }

  /** When something happens next by itself. */
  get next(): Millis | undefined {
    const times = [this.#errands[0]?.at ?? Infinity, nextDue(this.cloud) ?? Infinity];
    const first = Math.min(...times);
    return first === Infinity ? undefined : Math.max(first, this.#time.now);
  }

  /** Moves time to what is next, unless that is later than `until`, and lets it happen. Whether there was something. */
  fireNext(until: Millis): boolean {
    const at = this.next;
    if (at === undefined || at > until) return false;
    this.#time.moveTo(at);
    const [first] = this.#errands;
    if (first === undefined || first.at > at) this.#advance();
    else {
      this.#errands = this.#errands.slice(1);
      if (first.call === undefined) first.bring?.();
      else this.#arrive(first.call, first.answer);
    }
    return true;
  }

  #arrive(call: Call, answer: (outcome: Outcome) => void = () => {}): void {
    const { reply, delivery } = this.#step(call);
    if ('answer' in reply) this.onAnswered(call, reply.answer);
    const back = wayBack(delivery);
    if (back === undefined) return;
    const outcome = delivery.how === 'cut' ? 'cut' : reply;
    this.#put({ at: this.#time.now + this.#way() + back, order: ++this.#order, bring: () => answer(outcome) });
  }

  #step(call: Call) {
    const { cloud, reply, delivery, touched } = step(this.cloud, call, this.#env());
    this.cloud = cloud;
    this.#tell(touched);
    return { reply, delivery };
  }

  #advance(): void {
    const { cloud, touched } = advance(this.cloud, this.#env());
    this.cloud = cloud;
    this.#tell(touched);
  }

  #tell(touched: readonly Touch[]): void {
    if (touched.length > 0) this.onTouched(touched);
  }

  #env() {
    return { now: this.#time.now, random: this.#random };
  }

  #way(): Millis {
    const [from, to] = WAY_MS;
    return from + Math.floor(this.#random.fraction() * (to - from));
  }

  #put(errand: Errand): void {
    const behind = this.#errands.findIndex(({ at }) => at > errand.at);
    this.#errands = this.#errands.toSpliced(behind === -1 ? this.#errands.length : behind, 0, errand);
  }
}

interface Copy {
  readonly from: Region;
  readonly time: SimTime;
  readonly random: Random;
}

/** How much later than usual an answer comes; undefined: never. */
function wayBack(delivery: Delivery): Millis | undefined {
  if (delivery.how === 'never') return undefined;
  return delivery.how === 'late' ? delivery.byMs : 0;
}
