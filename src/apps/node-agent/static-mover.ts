import { type Address, contains, familyOf } from '../../base/ip.ts';
import { keeperId, type PodName } from '../../core/attachment.ts';
import { type Nic, serves, servesFor, unitsOf } from '../../core/ipam/cloud.ts';
import type { Given, NicId, Token } from '../../core/ipam/nic.ts';
import { nicOf, type Pool } from '../../core/ipam/pool.ts';
import { isUnusedAt } from '../../core/ipam/slots.ts';
import { roomOf } from '../../core/ipam/tally.ts';
import { CloudError, type NicProvider } from '../../io/cloud/provider.ts';
import type { Journal } from '../../io/store/journal.ts';
import type { Clock } from '../../base/clock.ts';
import type { NicRunner } from './nic-runner.ts';
import type { PoolRunner } from './pool-runner.ts';

export interface MoverDoors {
  readonly provider: NicProvider;
  readonly journal: Pick<Journal, 'append' | 'synced'>;
  readonly clock: Clock;
  readonly pool: PoolRunner;
  readonly nics: NicRunner;
}

/**
 * Moves single addresses between the NICs of nodes. What is moved is kept in the pool before, durably: a machine that
 * dies at any point leaves nothing that could be given to another pod, or be missed. Throws CloudError, JournalError.
 */
export class StaticMover {
  readonly #doors: MoverDoors;

  constructor(doors: MoverDoors) {
    this.#doors = doors;
  }

  /** That very address onto a NIC of this node, off `from` where it was left. */
  async bring(address: Address, from: NicId | undefined): Promise<void> {
    const { provider, journal, pool } = this.#doors;
    const here = nicOf(pool.pool, address); // as far as is known
    const nic = here ?? (await this.#roomFor((it) => contains(it.report.subnetRange, address)));
    await journal.synced();
    await provider.bring({ nic, address, ...(from === undefined ? {} : { from }) }, 'pod');
    await this.#serve(nic, { addresses: [address], prefixes: [] });
  }

  /** Away from this node: its NIC has it no longer, and routes and rules of it go. */
  async sendAway(address: Address): Promise<void> {
    const { provider, journal, nics, pool } = this.#doors;
    const nic = nicOf(pool.pool, address);
    if (nic === undefined && pool.pool.cloud?.report.sureAt === 0) throw notTold();
    if (nic === undefined) return;
    await journal.synced();
    await provider.unassign(nic, [address], 'refill');
    await this.#noteGone(nic, address);
    await nics.leave(nic, [address]);
    try {
      await pool.tell({ kind: 'sentAway', nic, address });
    } finally {
      nics.left(nic, [address]);
    }
  }

  /** After a restart, too, a report that is late is not believed about it. */
  async #noteGone(nic: NicId, address: Address): Promise<void> {
    const { journal, clock } = this.#doors;
    const at = clock.now();
    const token = `static-${address}@${Math.floor(at)}` as Token;
    const intent = { kind: 'unassign', token, nic, what: [address] } as const;
    await journal.append([
      { kind: 'intent', intent, at },
      { kind: 'settled', tokens: [token], at },
    ]);
  }

  /**
   * A single address for a name that has none, kept by it before anybody else gets it: of a prefix nothing can move.
   * Nothing where all addresses are single ones. Why there is none yet: it has been asked for.
   */
  async provide(name: Pick<PodName, 'namespace' | 'name'>): Promise<string | undefined> {
    const { pool } = this.#doors;
    const { cloud } = pool.pool;
    const [unit] = cloud === undefined ? [] : unitsOf(cloud, 'v4');
    if (cloud === undefined || unit !== 'prefix') return undefined;
    const keeper = keeperId(name);
    for (const nic of cloud.nics) {
      const spare = servesFor(cloud, nic, cloud.placing.own) && nic.ready ? this.#spareOn(pool.pool, nic) : undefined;
      if (spare === undefined) continue;
      await pool.tell({ kind: 'keep', keeper, addresses: [spare] });
      if (pool.pool.claims.has(keeper)) return undefined;
    }
    await pool.tell({ kind: 'single' });
    return 'it needs an address that is in no prefix, and there is none yet';
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
    const full = (message: string) => new CloudError('limit', { action: 'bring', code: 'NoSlot', message });
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

  /** Kept by nobody's name meanwhile: no pod gets it while it leaves. */
  async #giveUp(address: Address): Promise<void> {
    const { pool } = this.#doors;
    const nobody = keeperId({ namespace: '', name: address });
    await pool.tell({ kind: 'keep', keeper: nobody, addresses: [address] });
    if (!pool.pool.claims.has(nobody)) return; // a pod was quicker: there is no room after all, and the cloud says so
    try {
      await this.sendAway(address);
    } catch (error) {
      // nobody knows whether it has left: no pod gets it before it is sent away once more (static-deeds.ts)
      if (error instanceof CloudError && isUnsure(error)) throw error;
      await pool.release(nobody, true);
      throw error;
    }
    await pool.release(nobody, true);
  }
}

function notTold(): CloudError {
  const message = 'the cloud has not told yet what the NICs of this node have';
  return new CloudError('busy', { action: 'sendAway', code: 'NotTold', message });
}

/** Whether it may have been done. */
function isUnsure({ kind }: CloudError): boolean {
  return kind === 'unknown' || kind === 'away';
}
