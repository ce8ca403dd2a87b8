import type { Millis } from '../../src/base/clock.ts';
import type { Intent } from '../../src/core/ipam/nic.ts';
import { countOf, type Call } from '../../emulator/cloud/request.ts';
import type { Answer } from '../../emulator/cloud/answer.ts';
import { awsRules } from '../../emulator/dialects/aws/rules.ts';
import type { Cluster } from './cluster.ts';

/** What a NIC was given. */
interface Given {
  readonly count: number;
  readonly at: Millis;
  readonly looked: 'not' | 'early' | 'late'; // since then, at the NIC: before a Describe is sure to show it, or after
  readonly unseen: number; // of it was given to who had looked, and had looked too early
}

/** So late a Describe shows what was done, on a usual day. */
const [, SHOWN_WITHIN_MS] = awsRules().delays.describe;

type Assign = Pick<Extract<Intent, { readonly kind: 'assign' }>, 'nic' | 'token' | 'count'>;

/** What NICs were to be given by its number, and what they were given: kept outside of all that could forget. */
export class Asks {
  readonly #asked: Map<string, ReadonlyMap<string, number>>; // NIC → token → units
  readonly #given: Map<string, Given>;

  constructor(from?: Asks) {
    this.#asked = new Map(from === undefined ? [] : from.#asked);
    this.#given = new Map(from === undefined ? [] : from.#given);
  }

  /** Somebody is about to ask for it: for the first time, or once more. */
  note({ nic, token, count }: Assign): void {
    this.#asked.set(nic, new Map(this.#asked.get(nic)).set(token, count));
  }

  /** Somebody looks at what it has. */
  looked(nic: string, at: Millis): void {
    const given = this.#given.get(nic);
    if (given === undefined || given.looked === 'late') return;
    this.#given.set(nic, { ...given, looked: at - given.at <= SHOWN_WITHIN_MS ? 'early' : 'late' });
  }

  /**
   * The cloud gave it so many. What is wrong with that. Who got no answer looks, asks again where nothing is seen, and
   * tells of the doubt: where a Describe did not show it yet, that is no wrong. Not to look is one.
   */
  given(nic: string, count: number, at: Millis): string | undefined {
    const before = this.#given.get(nic);
    const given = (before?.count ?? 0) + count;
    const asked = this.#asked.get(nic) ?? new Map<string, number>();
    const most = [...asked.values()].reduce((sum, it) => sum + it, before?.unseen ?? 0);
    const tooMany = Math.max(0, given - most);
    this.#given.set(nic, { count: given, at, looked: 'not', unseen: (before?.unseen ?? 0) + tooMany });
    return tooMany > 0 && before?.looked !== 'early'
      ? `${nic} was given ${given}, and asked for were ${most}: ${[...asked.keys()]}`
      : undefined;
  }
}

/** NICs that were described. */
function seenIn(answer: Answer): readonly string[] {
  return answer.is === 'views' ? answer.views.flatMap((it) => (it.kind === 'nic' ? it.nic.id : [])) : [];
}

interface Counted {
  readonly asks: Asks;
  readonly cluster: Cluster;
  readonly lags: boolean; // a Describe may miss for long what was just made
}

/** From now on what the cloud gives by its number is counted. What a Describe does not show yet is asked for again. */
export function countGiven({ asks, cluster, lags }: Counted): void {
  cluster.region.onAnswered = (call, answer) => {
    for (const nic of seenIn(answer)) asks.looked(nic, cluster.time.now);
    const units = unitsOf(call, answer);
    const wrong = units === undefined ? undefined : asks.given(units.nic, units.count, cluster.time.now);
    if (wrong !== undefined && !lags) cluster.nodes[0]?.run.blame('once', wrong);
  };
}

/** What was asked for by its number, and given. */
function unitsOf({ request }: Call, answer: Answer): { readonly nic: string; readonly count: number } | undefined {
  if (request.do !== 'assign' || answer.is !== 'assigned') return undefined;
  const { nic, addresses, prefixes, addresses6, prefixes6 } = request;
  const counted = [addresses, prefixes, addresses6, prefixes6].filter((it) => it !== undefined && 'count' in it);
  const count = counted.reduce((sum, it) => sum + countOf(it), 0);
  return count === 0 ? undefined : { nic, count };
}
