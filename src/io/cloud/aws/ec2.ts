import type { Clock } from '../../../base/clock.ts';
import type { CallTold } from '../../../core/calls/ledger.ts';
import type { Random } from '../../../base/random.ts';
import { type Budget, CallBudget } from '../budget.ts';
import { CloudError, type Urgency } from '../provider.ts';
import { type Ec2Client, Ec2Clients, type Ec2Place } from './ec2-clients.ts';
import { cloudError } from './errors.ts';

export interface Ec2Options extends Ec2Place {
  readonly clients?: Ec2Clients; //   that several share; absent: this one has its own
  readonly budgetOf?: (action: string) => Budget; // absent: one of this node's own for each action
  readonly clock: Clock;
  readonly random: Random;
  readonly onCall: (told: CallTold) => void;
  readonly mayCall?: () => CloudError | undefined; // looked at before each try
}

/** How a call is asked. `again`: it may be repeated when nobody knows whether it was done. */
export interface Asking {
  readonly action: string;
  readonly urgency: Urgency;
  readonly subnet?: string;
  readonly again: boolean;
  readonly patient?: boolean; // false: throttled is told at once. Who may have been given it looks before it asks again
}

// Of each action less than EC2 gives an account, for mutating and for other calls, so that many nodes fit: "Request
// throttling for the Amazon EC2 API".
const CHANGING = { burst: 8, perSecond: 2 };
const READING = { burst: 16, perSecond: 5 };

const TRIES = 3; // of what was lost on the way; who asked asks again, and ever more seldom
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 20_000;
const KEYS_MS = 5_000; // a call may have to ask for credentials first

/** What EC2 answers to credentials that have ended or were replaced, and to a time that is not its own. */
const BELIEF_IS_OLD: ReadonlySet<string> = new Set([
  ...['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'],
  ...['InvalidClientTokenId', 'AuthFailure', 'SignatureDoesNotMatch'],
]);
/** Either of both: from the answer the SDK learns by how much the clock is off; else it is the credentials. */
const EXPIRED = 'RequestExpired';
const RENEWALS = 2;

/** EC2 with this node's budget, with patience, and with errors in our words. */
export class Ec2 {
  readonly #clients: Ec2Clients;
  readonly #options: Ec2Options;
  readonly #budgets = new Map<string, Budget>(); // by action: EC2 counts each by itself

  constructor(options: Ec2Options) {
    this.#options = options;
    this.#clients = options.clients ?? new Ec2Clients(options);
  }

  /** Sends what `send` builds until it is answered or fails for what time does not mend. Throws CloudError. */
  async ask<T>(asking: Asking, send: (client: Ec2Client) => Promise<T>): Promise<T> {
    const budget = this.#budgetOf(asking.action);
    for (let [tries, renewals] = [1, 0]; ; tries++) {
      await budget.take(asking.urgency);
      const barred = this.#options.mayCall?.();
      if (barred !== undefined) throw barred;
      const { client } = this.#clients;
      const result = await this.#once(asking, () => send(client));
      if (result instanceof CloudError && result.kind === 'throttled') budget.slow(this.#options.random.fraction());
      else budget.hasten();
      if (!(result instanceof CloudError)) return result.answer;
      if (BELIEF_IS_OLD.has(result.code) && renewals++ < RENEWALS) {
        if (result.code !== EXPIRED || renewals > 1) this.#clients.renew(client);
        continue;
      }
      const mends =
        (result.kind === 'throttled' && asking.patient !== false) || (result.kind === 'unknown' && asking.again);
      if (!mends || tries === TRIES) throw result;
      await this.#pause(tries);
    }
  }

  /** Clients that several share stay open. */
  close(): void {
    for (const budget of this.#budgets.values()) budget.close();
    if (this.#options.clients === undefined) this.#clients.close();
  }

  #budgetOf(action: string): Budget {
    const known = this.#budgets.get(action);
    if (known !== undefined) return known;
    const { budgetOf, clock } = this.#options;
    const made = budgetOf?.(action) ?? new CallBudget(action.startsWith('Describe') ? READING : CHANGING, clock);
    this.#budgets.set(action, made);
    return made;
  }

  async #once<T>(asking: Asking, send: () => Promise<T>): Promise<{ answer: T } | CloudError> {
    const { clock, onCall } = this.#options;
    const { action, urgency } = asking;
    const began = clock.steady();
    try {
      const answer = await this.#within(send());
      onCall({ action, urgency, ms: clock.steady() - began, outcome: 'ok', code: '' });
      return { answer };
    } catch (cause) {
      const error = cloudError(cause, asking);
      onCall({ action, urgency, ms: clock.steady() - began, outcome: error.kind, code: error.code });
      return error;
    }
  }

  /** Whatever it is that hangs, the request or what it needs before: what comes later is not waited for. */
  #within<T>(answer: Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.timer(timeoutMs + KEYS_MS, () => {
        reject(Object.assign(new Error('no answer in time'), { name: 'TimeoutError' }));
      });
      void answer.then(resolve, reject).finally(cancel);
    });
  }

  /** Full jitter: nodes that were refused together do not come back together. */
  #pause(tries: number): Promise<void> {
    const { clock, random } = this.#options;
    const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
    return new Promise((resolve) => {
      clock.timer(Math.ceil(random.fraction() * most), resolve);
    });
  }
}
