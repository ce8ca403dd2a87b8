import type { Clock, Millis } from '../../../base/clock.ts';
import type { Address, Family, Prefix } from '../../../base/ip.ts';
import type { Random } from '../../../base/random.ts';
import type { CallOutcome, CallTold } from '../../../core/calls/ledger.ts';
import type { Given, NicId, NicLimits, NicReport, Token, Unit } from '../../../core/ipam/nic.ts';
import type { Found } from '../../../wire/broker/answer.ts';
import type { Beacon } from '../../../wire/broker/beacon.ts';
import { type Wish, writeQuestion } from '../../../wire/broker/question.ts';
import { hear, type NearCloud } from '../near.ts';
import { type Brought, CloudError, type NicOrder, type NicProvider, type Urgency } from '../provider.ts';
import { remoteBranches } from './branches.ts';
import { type Carrier, httpsCarrier } from './carrier.ts';
import { KnownNics } from '../known-nics.ts';
import { BrokerLink, type Outcome, Unanswered } from './link.ts';
import { told } from './told.ts';

export interface RemoteOptions {
  readonly beacon: () => Promise<Beacon>;
  readonly token: () => string;
  readonly near?: NearCloud; //              absent: the controller is asked for that as well
  readonly known?: readonly NicReport[]; //  what was told last, before a restart
  readonly clock: Clock;
  readonly random: Random;
  readonly onCall: (told: CallTold) => void;
  readonly patienceMs?: Millis;
  readonly carrier?: Carrier; // absent: over the network
}

const PATIENCE_MS: Millis = 8_000;
/** So often one question is asked before it fails as overtaken: those that were sent together arrive in any order. */
const MOST_TRIES = 4;

/**
 * A cloud that the controller asks for this node. Whose NICs are meant it knows by our token. Every change has a name,
 * a token where the pool gave one, so that it is done once however often it is asked.
 */
export class RemoteProvider implements NicProvider {
  readonly #options: RemoteOptions;
  readonly #link: BrokerLink;
  readonly #known: KnownNics;
  readonly #session: string;
  #serial = 0;
  #order = 0;
  #limits: NicLimits | undefined;
  #tended: string | undefined; // the groups that our NICs were given, while no NIC came

  constructor({ patienceMs = PATIENCE_MS, carrier = httpsCarrier(), ...options }: RemoteOptions) {
    const { beacon, token, clock, random, known = [] } = options;
    this.#options = options;
    this.#link = new BrokerLink({ beacon, token, carrier, clock, random, patienceMs });
    this.#known = new KnownNics(known, clock.now());
    this.#session = `${clock.now().toString(36)}-${Math.floor(random.fraction() * 2 ** 32).toString(36)}`;
  }

  readonly branches = remoteBranches((wish, urgency, token) => this.#ask(wish, urgency, token));

  async limits(): Promise<NicLimits> {
    this.#limits ??= told('limits', (await this.#ask({ do: 'limits' }, 'refill')).limits);
    return this.#limits;
  }

  async reportNics({ sure }: { readonly sure: boolean }): Promise<readonly NicReport[]> {
    const { near } = this.#options;
    const ask = async (urgency: Urgency) => {
      const nics = told('nics', (await this.#ask({ do: 'report' }, urgency)).nics) as readonly NicReport[];
      this.#known.all = nics;
      return nics;
    };
    return sure || near === undefined ? ask('refill') : hear(near, this.#known.all, () => ask('housekeeping'));
  }

  /** What its NICConfig says the controller knows itself. */
  async createNic({ count, unit, family, config }: NicOrder, token: Token, urgency: Urgency): Promise<NicReport> {
    const spec = { count, unit, family };
    const wish: Wish = config === undefined ? { do: 'create', token, spec } : { do: 'createBy', token, spec, config };
    const { nics } = await this.#ask(wish, urgency, token);
    const nic = told('nics', nics?.[0]) as NicReport;
    this.#known.add(nic);
    this.#tended = undefined;
    return nic;
  }

  async deleteNic(nic: NicId, urgency: Urgency): Promise<void> {
    await this.#ask({ do: 'delete', nic }, urgency);
    this.#known.drop(nic);
  }

  /** No cloud knows a token of this: what the NIC had when it was first asked goes with whatever is asked again. */
  async assign(
    of: { readonly nic: NicId; readonly unit: Unit; readonly family: Family; readonly count: number },
    token: Token,
    urgency: Urgency,
  ): Promise<Given> {
    const { nic, unit, family, count } = of;
    const { had, again } = this.#known.asked(token, nic, this.#options.clock.now());
    const wish = (repeated: boolean): Wish => {
      const before = had !== undefined && (repeated || again) ? { had } : {};
      return { do: 'assign', token, nic, unit, family, count, ...before };
    };
    try {
      const given = told('given', (await this.#ask(wish, urgency, token)).given);
      this.#known.gained(nic, [...given.addresses, ...given.prefixes]);
      this.#known.settled(token);
      return given;
    } catch (error) {
      const open = error instanceof CloudError && (error.kind === 'away' || error.kind === 'unknown');
      if (!open) this.#known.settled(token);
      throw error;
    }
  }

  async bring({ nic, address, from }: Brought, urgency: Urgency): Promise<void> {
    await this.#ask({ do: 'bring', nic, address, ...(from === undefined ? {} : { from }) }, urgency);
    this.#known.gained(nic, [address]);
  }

  async unassign(nic: NicId, what: readonly (Address | Prefix)[], urgency: Urgency): Promise<void> {
    await this.#ask({ do: 'unassign', nic, what }, urgency);
    this.#known.lost(nic, what, this.#options.clock.now());
  }

  async vpcRanges(): Promise<readonly Prefix[]> {
    const { near } = this.#options;
    return near === undefined ? told('ranges', (await this.#ask({ do: 'ranges' }, 'refill')).ranges) : near.vpcRanges();
  }

  /** The controller is asked when there is something new: a NIC, or other groups of the node's own. */
  async tendNics(of?: { readonly groups: boolean }): Promise<readonly NicId[]> {
    const { near } = this.#options;
    const groups = near === undefined ? undefined : (await near.groups()).toSorted().join(' ');
    if (groups !== undefined && groups === this.#tended) return [];
    const { tended } = await this.#ask({ do: of?.groups === false ? 'tendEnds' : 'tend' }, 'housekeeping');
    this.#tended = groups;
    return told('tended', tended) as readonly NicId[];
  }

  /** The controller does that, for the whole cluster. */
  collectLeaked(_atMost: number): Promise<readonly NicId[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    this.#link.close();
    return Promise.resolve();
  }

  async #ask(wish: Wish | ((repeated: boolean) => Wish), urgency: Urgency, token?: Token): Promise<Found> {
    const { clock, onCall } = this.#options;
    const id = token ?? `${this.#session}-${++this.#serial}`;
    const began = clock.steady();
    const action = actionOf(wish);
    const note = (outcome: CallOutcome, code: string) =>
      onCall({ action, urgency, ms: clock.steady() - began, outcome, code });
    try {
      const outcome = await this.#inTurn((repeated) => {
        const now = typeof wish === 'function' ? wish(repeated) : wish;
        return writeQuestion({ id, order: this.#nextOrder(), urgency, wish: now });
      });
      const found = foundIn(outcome, action);
      note('ok', '');
      return found;
    } catch (error) {
      const failure = error instanceof Unanswered ? away(error, action) : error;
      if (failure instanceof CloudError) note(failure.kind, failure.code);
      throw failure;
    }
  }

  /** What was overtaken on its way, or after a clock was set back, is asked again behind what overtook it. */
  async #inTurn(question: (again: boolean) => string): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#link.ask(question);
      const newest = outcome.is === 'failed' ? outcome.failure.newest : undefined;
      if (newest === undefined || tries === MOST_TRIES) return outcome;
      this.#order = Math.max(this.#order, newest);
    }
  }

  /** By the clock, so that it rises over restarts as well unless that was set back. */
  #nextOrder(): number {
    this.#order = Math.max(this.#order + 1, Math.floor(this.#options.clock.now()));
    return this.#order;
  }
}

/** "controller assign": as `berth cloud calls` names it. */
function actionOf(wish: Wish | ((repeated: boolean) => Wish)): string {
  return `controller ${typeof wish === 'function' ? wish(false).do : wish.do}`;
}

function foundIn(outcome: Outcome, action: string): Found {
  switch (outcome.is) {
    case 'done':
      return outcome.found;
    case 'failed': {
      const { kind, ...failure } = outcome.failure;
      throw new CloudError(kind, failure);
    }
    case 'refused': {
      const { why: code, message } = outcome;
      // a replica that leads again soon, or does not: nothing was done, and the next may
      const kind = code === 'not-leader' || code === 'unsure' ? 'away' : 'denied';
      const said = kind === 'away' ? message : `the controller refuses this node: ${message}`;
      throw new CloudError(kind, { action, code, message: said });
    }
  }
}

function away(cause: Unanswered, action: string): CloudError {
  return new CloudError('away', {
    action,
    code: 'ControllerAway',
    message: `the controller does not answer: ${cause.message}`,
    cause,
  });
}
