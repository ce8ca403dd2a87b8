import { keyOf } from '../../core/datapath/identity.ts';
import { show, type Item } from '../../core/datapath/plan.ts';
import type { Operation } from '../../wire/nftables/batch.ts';
import { KernelError, type Ensured, type Remaining } from './kernel.ts';
import type { NftChannel, Refused } from './nft-channel.ts';
import type { ElementItem } from './nft-element-codec.ts';
import { ElementReading, type Ranges, type Ready } from './nft-element-reading.ts';

/**
 * Elements of one transaction: each that is refused is answered by a datagram of its own, and all of these must find
 * room.
 */
const TRANSACTION_ELEMENTS = 256;
/** How often somebody may change the same elements between our look and our deed. */
const TRIES = 5;

/** One transaction: its operations, the item that each is about, and the items that exist only by it. */
interface Change {
  readonly operations: readonly Operation[];
  readonly about: readonly ElementItem[];
  readonly made: readonly ElementItem[];
  readonly removals: number; // so many operations at the front take away
}

/** What is known before a look: that nothing is there, what interval sets held a moment ago. */
interface Looked {
  readonly fresh?: boolean;
  readonly ranges?: Ranges | undefined;
}

/** For each item what was found in its place. */
type Standing = readonly (readonly ElementItem[])[];

interface Failure {
  readonly item: ElementItem;
  readonly error: KernelError;
}

/** Elements of one table, as NftDoor promises. */
export class NftElements {
  readonly #channel: NftChannel;
  readonly #reading: ElementReading;

  constructor(channel: NftChannel, table: string) {
    this.#channel = channel;
    this.#reading = new ElementReading(channel, table);
  }

  /** The sets may be made anew: look at them again before their next use. */
  forgetShapes(): void {
    this.#reading.forgetShapes();
  }

  /**
   * In transactions of 256. A range takes the place of those that it overlaps, for the kernel can hold but one.
   * `fresh`: tries without a look first.
   */
  ensure(items: readonly ElementItem[], fresh = false): Ensured {
    const made: Item[] = [];
    const some = portions(unique(items));
    // a dump of thousands is not made for each transaction anew
    const ranges = some.length > 1 ? this.#reading.ranges(this.#reading.known(items)) : undefined;
    for (const portion of some) {
      const done = this.#ensureSome(portion, { fresh, ranges });
      made.push(...done.made);
      if (done.failure !== undefined) return { made, failure: done.failure };
    }
    return { made };
  }

  /** By key alone: an element whose data somebody changed goes too. */
  remove(items: readonly ElementItem[]): readonly Remaining[] {
    return portions(unique(items)).flatMap((some) => this.#removeSome(some));
  }

  /** Of each item what stands in its place: itself, the same key with other data, ranges that overlap it. */
  observe(items: readonly ElementItem[]): readonly ElementItem[] {
    return unique(portions(unique(items)).flatMap((some) => this.#reading.standing(this.#reading.known(some)).flat()));
  }

  /** Every element of every set of the table whose types we know. */
  all(): readonly ElementItem[] {
    return this.#reading.all();
  }

  #ensureSome(items: readonly ElementItem[], { fresh = false, ranges }: Looked = {}): Ensured {
    const ready: Ready[] = [];
    for (const item of items) {
      const it = this.#reading.ready(item);
      if (it instanceof KernelError) return this.#before(items, { item, error: it });
      ready.push(it);
    }
    // ranges overlap: what is there must be known
    const unseen = fresh && ready.every(({ shape }) => !shape.interval);
    const done = this.#change(ready, 'make', { fresh: unseen, ranges });
    return 'error' in done ? this.#before(items, done) : { made: done.made };
  }

  /** What comes before an item that cannot be made is made all the same. */
  #before(items: readonly ElementItem[], failure: Failure): Ensured {
    const { made } = this.#ensureSome(items.slice(0, items.indexOf(failure.item)));
    return { made, failure };
  }

  #removeSome(items: readonly ElementItem[]): readonly Remaining[] {
    const done = this.#change(this.#reading.known(items), 'remove');
    if (!('error' in done)) return [];
    return [done, ...this.#removeSome(items.filter((item) => item !== done.item))];
  }

  /**
   * Looks what is there, and makes or removes what differs, in one transaction. Looking first costs 20 µs; a
   * transaction that the kernel refuses waits for RCU, 10 to 20 ms. What is said of a look before counts for the first
   * try.
   */
  #change(ready: readonly Ready[], verb: 'make' | 'remove', { fresh, ranges }: Looked = {}): Change | Failure {
    const [first] = ready;
    if (first === undefined) return NOTHING;
    for (let tries = 0; tries < TRIES; tries++) {
      const untried = tries === 0;
      const known = untried && fresh === true ? ready.map(() => []) : undefined;
      const found = known ?? this.#reading.standing(ready, untried ? ranges : undefined);
      const change = verb === 'make' ? this.#additions(ready, found) : this.#removals(ready, found);
      const about = (index: number) => change.about[index] ?? first.item; // -1: the transaction as a whole
      const refused = this.#channel.transact(change.operations, (index) => `${verb} ${show(about(index))}`);
      if (refused.length === 0) return change;
      const fatal = refused.find((one) => !isRace(one, change));
      if (fatal !== undefined) return { item: about(fatal.index), error: fatal.error };
    }
    const error = new KernelError('busy', `cannot ${verb} ${show(first.item)}: others change the same all the time`);
    return { item: first.item, error };
  }

  #removals(ready: readonly Ready[], standing: Standing): Change {
    const there = ready.filter(({ item }, i) => standing[i]?.some((found) => keyOf(found) === keyOf(item)));
    return {
      operations: there.map(({ shape, elements }) => this.#reading.operation('delElement', shape, elements)),
      about: there.map(({ item }) => item),
      made: [],
      removals: there.length,
    };
  }

  /** What is missing, and first what is in its way. */
  #additions(ready: readonly Ready[], standing: Standing): Change {
    const missing = ready.flatMap((it, i) => {
      const found = standing[i] ?? [];
      return found.some((one) => show(one) === show(it.item)) ? [] : [{ ...it, found }];
    });
    const inTheWay = this.#reading.known(unique(missing.flatMap(({ found }) => found)));
    return {
      operations: [
        ...inTheWay.map(({ shape, elements }) => this.#reading.operation('delElement', shape, elements)),
        ...missing.map(({ shape, elements }) => this.#reading.operation('newElement', shape, elements)),
      ],
      about: [...inTheWay, ...missing].map(({ item }) => item),
      made: missing.flatMap(({ item, found }) => (found.some((one) => keyOf(one) === keyOf(item)) ? [] : [item])),
      removals: inTheWay.length,
    };
  }
}

const NOTHING: Change = { operations: [], about: [], made: [], removals: 0 };

/** Somebody was faster: what was to be made is there, or what was to go is gone. */
function isRace({ index, errno }: Refused, { removals }: Change): boolean {
  if (index < 0) return false;
  return index < removals ? errno === 'ENOENT' : errno === 'EEXIST' || errno === 'EBUSY' || errno === 'ENOTEMPTY';
}

function unique(items: readonly ElementItem[]): readonly ElementItem[] {
  return items.length < 2 ? items : [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

function portions(items: readonly ElementItem[]): readonly (readonly ElementItem[])[] {
  if (items.length > 0 && items.length <= TRANSACTION_ELEMENTS) return [items];
  const count = Math.ceil(items.length / TRANSACTION_ELEMENTS);
  return Array.from({ length: count }, (_, i) => items.slice(i * TRANSACTION_ELEMENTS, (i + 1) * TRANSACTION_ELEMENTS));
}
