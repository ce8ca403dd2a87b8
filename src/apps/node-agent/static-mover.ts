import { type Address, contains, familyOf, type Prefix } from '../../base/ip.ts';
import { keeperId, keptFor, nobody, type PodName } from '../../core/attachment.ts';
import { type Cloud, type Nic, serves, servesFor, unitsOf } from '../../core/ipam/cloud.ts';
import type { Given, Holdable, NicId } from '../../core/ipam/nic.ts';
import { heldAs, ownerOf, type Pool } from '../../core/ipam/pool.ts';
import { whyNoSingle } from '../../core/ipam/hungry.ts';
import { isUnusedAt } from '../../core/ipam/slots.ts';
import { roomOf, unitOf } from '../../core/ipam/tally.ts';
import { sentence } from '../../core/refusal-words.ts';
import { type Brought, CloudError, type CloudErrorKind, type NicProvider } from '../../io/cloud/provider.ts';
import type { Journal } from '../../io/store/journal.ts';
import type { Clock } from '../../base/clock.ts';
import type { Lanes } from './lanes.ts';
import type { NicRunner } from './nic-runner.ts';
import type { PoolRunner } from './pool-runner.ts';
import { SendingBook } from './sending-book.ts';

export interface MoverDoors {
  readonly provider: NicProvider;
  readonly journal: Pick<Journal, 'append' | 'memory' | 'synced'>;
  readonly clock: Clock;
  readonly pool: PoolRunner;
  readonly nics: NicRunner;
  readonly lanes: Lanes; // of names
}

/**
 * Moves single addresses between the NICs of nodes. What is moved is kept in the pool before, durably: a machine that
 * dies at any point leaves nothing that could be given to another pod, or be missed. Throws CloudError, JournalError.
 */
export class StaticMover {
  readonly #doors: MoverDoors;
  readonly #book: SendingBook;

  constructor(doors: MoverDoors) {
    this.#doors = doors;
    this.#book = new SendingBook(doors);
  }

  /** Whether the cloud was asked to take it off, and nobody knows whether it did: over a restart as well. */
  isLeaving(address: Address): boolean {
    return this.#book.isOpen(address);
  }

  /** It is another's by now: whether it left is no question any more. */
  forget(address: Address): Promise<void> {
    return this.#book.drop(address);
  }

  /** That very address onto a NIC of this node, off `from` where it was left, and by itself. */
  async bring(address: Address, from: NicId | undefined): Promise<void> {
    const { pool } = this.#doors;
    const owner = ownerOf(pool.pool, address);
    if (owner !== undefined) throw refused('taken', 'bring', { code: 'OwnAddress', message: ownsIt(address, owner) });
    if (heldAs(pool.pool, address)?.what !== address) await this.sendAway(address); // out of a prefix
    const here = heldAs(pool.pool, address)?.nic; // as far as is known
    const nic = here ?? (await this.#roomFor((it) => contains(it.report.subnetRange, address)));
    await this.#put({ nic, address, ...(from === undefined ? {} : { from }) });
    await this.#serve(nic, { addresses: [address], prefixes: [] });
    await this.#book.drop(address);
  }

  async #put(brought: Brought): Promise<void> {
    const { provider, journal } = this.#doors;
    await journal.synced();
    try {
      await provider.bring(brought, 'pod');
    } catch (error) {
      if (error instanceof CloudError && error.kind === 'taken') await this.#book.left(brought.address);
      throw error;
    }
  }

  /**
   * Away from this node, with the prefix in which it lies: its NIC has it no longer, and routes and rules of it go.
   * Throws `busy` where pods have other addresses of the prefix.
   */
  async sendAway(address: Address): Promise<void> {
    const { pool, lanes } = this.#doors;
    const held = heldAs(pool.pool, address);
    if (held === undefined) {
      if (pool.pool.cloud?.report.sureAt === 0) throw notTold();
      // an earlier agent took it off: a report that is late may show it still
      for (const { nic, what } of this.#book.openOf(address)) await pool.tell({ kind: 'sentAway', nic, what });
      return this.#book.left(address);
    }
    // two names may lie in one prefix
    await lanes.run(`${held.nic} ${held.what}`, async () => {
      const now = heldAs(pool.pool, address);
      if (now?.nic !== held.nic || now.what !== held.what) return;
      if (isUsed(pool.pool, held.what)) throw inUse(address, held.what);
      await this.#takeOff(held.nic, held.what);
    });
  }

  async #takeOff(nic: NicId, what: Holdable): Promise<void> {
    const { provider, nics, pool } = this.#doors;
    await this.#book.open(nic, what);
    await provider.unassign(nic, [what], 'refill');
    await nics.leave(nic, [what]);
    try {
      await pool.tell({ kind: 'sentAway', nic, what });
    } finally {
      nics.left(nic, [what]);
    }
    await this.#book.left(what);
  }

  /**
   * A single address for a name that has none, kept by it before anybody else gets it: of a prefix nothing can move.
   * Nothing where all addresses are single ones. Why there is none yet, when it has been asked for, or cannot be.
   */
  async provide(name: Pick<PodName, 'namespace' | 'name'>): Promise<string | undefined> {
    const { pool, clock } = this.#doors;
    const { cloud } = pool.pool;
    if (cloud === undefined || !hasPrefixes(cloud)) return undefined;
    const keeper = keeperId(name);
    for (const nic of cloud.nics) {
      const spare = servesFor(cloud, nic, cloud.placing.own) && nic.ready ? this.#spareOn(pool.pool, nic) : undefined;
      if (spare === undefined) continue;
      await pool.tell({ kind: 'keep', keeper, addresses: [spare] });
      if (pool.pool.claims.has(keeper)) return undefined;
    }
    await pool.tell({ kind: 'single' });
    const why = pool.pool.cloud && whyNoSingle(pool.pool, pool.pool.cloud, clock.now());
    const needs = 'it needs an address that is in no prefix';
    return why === undefined ? `${needs}, and one is asked for` : `${needs}: ${sentence(why)}`;
  }

  async #serve(nic: NicId, given: Given): Promise<void> {
    const { nics, pool } = this.#doors;
    await nics.expect(nic, given);
    try {
      for (const address of given.addresses) await pool.tell({ kind: 'brought', nic, address });
    } finally {
      nics.arrived(nic, given);
    }
  }

  /** A NIC that has a slot for it; else one that gives up an address that nobody uses. */
  async #roomFor(fits: (nic: Nic) => boolean): Promise<NicId> {
    const { pool } = this.#doors.pool;
    const { cloud } = pool;
    const limits = cloud?.limits;
    const full = (message: string) => refused('limit', 'bring', { code: 'NoSlot', message });
    if (cloud === undefined || limits === undefined) throw full('this node does not know yet what its NICs may have');
    const nics = cloud.nics.filter((nic) => serves(cloud, nic) && nic.trust === 'sure' && fits(nic));
    const hasRoom = (nic: Nic) => roomOf(cloud, nic, { limits, family: 'v4' }) > 0;
    const roomy = nics.find(hasRoom);
    if (roomy !== undefined) return roomy.report.id;
    for (const nic of nics) {
      const spare = this.#spareOn(pool, nic);
      if (spare === undefined) continue;
      await this.#giveUp(spare);
      return nic.report.id;
    }
    // a NIC more than the pods need: the next try finds it. Not where only those of other subnets have room
    if (!cloud.nics.some(hasRoom)) await this.#doors.pool.tell({ kind: 'single' });
    throw full('each slot of the NICs of this node in that subnet has an address in use');
  }

  #spareOn(pool: Pool, nic: Nic): Address | undefined {
    const now = this.#doors.clock.now();
    for (const [it, { trust }] of nic.holds)
      if (trust === 'sure' && !it.includes('/') && familyOf(it) === 'v4' && isUnusedAt(pool, it, now))
        return it as Address;
    return undefined;
  }

  /**
   * Kept by nobody's name until it is known to have left: no pod gets it before. What fails is tried again as a name's
   * would be (static-deeds.ts).
   */
  async #giveUp(address: Address): Promise<void> {
    const { pool, lanes } = this.#doors;
    const keeper = keeperId(nobody(address));
    await lanes.run(`/${address}`, async () => {
      await pool.tell({ kind: 'keep', keeper, addresses: [address] });
      if (!pool.pool.claims.has(keeper)) return; // a pod was quicker: there is no room after all, and the cloud says so
      await this.sendAway(address);
      await pool.release(keeper, true);
    });
  }
}

/** Whether a pod has an address of a prefix. */
function isUsed({ claims }: Pool, what: Holdable): boolean {
  if (!what.includes('/')) return false; // its name has it, or whoever calls
  const isIn = (it: Address) => contains(what as Prefix, it);
  return [...claims].some(([by, addresses]) => keptFor(by) === undefined && addresses.some(isIn));
}

function inUse(address: Address, what: Holdable): CloudError {
  const message = `${address} lies in ${what}, which can leave this node only as a whole, and pods have others of it`;
  return refused('busy', 'sendAway', { code: 'PrefixInUse', message });
}

function notTold(): CloudError {
  const message = 'the cloud has not told yet what the NICs of this node have';
  return refused('busy', 'sendAway', { code: 'NotTold', message });
}

function ownsIt(address: Address, owner: NicId): string {
  return `${address} is the own address of ${owner} of this node, and leaves it only with its end`;
}

function refused(kind: CloudErrorKind, action: string, of: { code: string; message: string }): CloudError {
  return new CloudError(kind, { action, ...of });
}

/** Whether it asks for prefixes, or has some from when it did. */
function hasPrefixes(cloud: Cloud): boolean {
  const [unit] = unitsOf(cloud, 'v4');
  const isPrefix = (it: Holdable) => unitOf(it) === 'prefix' && familyOf(it as Prefix) === 'v4';
  return unit === 'prefix' || cloud.nics.some((nic) => serves(cloud, nic) && [...nic.holds.keys()].some(isPrefix));
}
