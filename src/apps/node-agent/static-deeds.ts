import type { Clock } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { Logger } from '../../base/log.ts';
import { attachmentWords, isNobody, keeperId, nobody, type PodName } from '../../core/attachment.ts';
import { type StaticHeard, type StaticMove, staticMove } from '../../core/cluster/static-node.ts';
import type { PoolEvent } from '../../core/ipam/event.ts';
import { mayKeep } from '../../core/ipam/keep.ts';
import type { NicId } from '../../core/ipam/nic.ts';
import { holderOf, type Pool } from '../../core/ipam/pool.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { KubeError } from '../../io/kube/client.ts';
import { type Journal, JournalError } from '../../io/store/journal.ts';
import {
  readStaticAddress,
  STATIC_ADDRESSES,
  type StaticAddressShape,
  writeStaticStatus,
} from '../../wire/kube/crd/static-address.ts';
import type { ClusterRunner, KubeDoors } from './cluster-runner.ts';
import type { Lanes } from './lanes.ts';
import type { PoolRunner } from './pool-runner.ts';
import { staticLocal } from './static-local.ts';
import type { StaticMover } from './static-mover.ts';

export interface StaticDoors {
  readonly kube: KubeDoors;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly pool: PoolRunner;
  readonly mover: StaticMover | undefined; // of a cloud
  readonly cluster: Pick<ClusterRunner, 'keepers' | 'hearKeepers'> | undefined; // remembers whether there are names
  readonly lanes: Lanes; // by `keyOf` a name
  readonly journal: Pick<Journal, 'synced'>;
}

/** Of a pod, and of the address that is its own. */
export type Name = Pick<PodName, 'namespace' | 'name'>;

/** The moves of core/cluster/static-node.ts, done: in the pool, in the cloud, and told to the cluster. */
export class StaticDeeds {
  readonly #doors: StaticDoors;
  readonly #guests = new Set<string>(); // names whose address came here by a count, without the right to it

  constructor(doors: StaticDoors) {
    this.#doors = doors;
  }

  /** What is next, as things are here and there. */
  next(
    name: Name,
    heard: StaticHeard,
    of: { asks: boolean; refused?: string | undefined; brought?: boolean },
  ): StaticMove {
    const { pool, nodeName: node, mover } = this.#doors;
    const recorded = typeof heard === 'string' ? [] : heard.status.addresses;
    const kept = pool.pool.claims.get(keeperId(name)) ?? [];
    if (typeof heard !== 'string' && heard.spec.node === node) this.#guests.delete(keyOf(name));
    const { refused, brought = false } = of;
    const more = {
      guest: this.#guests.has(keyOf(name)),
      leaving: [...recorded, ...kept].some((it) => mover?.isLeaving(it)),
    };
    return staticMove(staticLocal(pool.pool, { node, ...name, refused, brought, ...more }, recorded), heard, of.asks);
  }

  /**
   * That an address is a name's is to be on record before the pool hears that it is here. Where the name has another
   * here still, that of a pod which is being removed, nobody's name has it until it has left again.
   */
  guest(name: Name, address: Address): PoolEvent {
    const keeper = keeperId(name);
    if (!mayKeep(this.#doors.pool.pool, keeper, address))
      return { kind: 'keep', keeper: keeperId(nobody(address)), addresses: [address] };
    this.#guests.add(keyOf(name));
    return { kind: 'keep', keeper, addresses: [address] };
  }

  /** Throws CloudError, KubeError, JournalError: what is half done is done again. */
  async carryOut(name: Name, next: StaticMove, heard: StaticHeard): Promise<void> {
    const { pool, mover, log } = this.#doors;
    const keeper = keeperId(name);
    switch (next.move) {
      case 'keep': {
        await pool.tell({ kind: 'keep', keeper, addresses: next.addresses });
        if (!pool.pool.claims.has(keeper)) throw takenHere(pool.pool, next.addresses);
        if (typeof heard !== 'string' && heard.spec.node !== this.#doors.nodeName) this.#guests.add(keyOf(name));
        return;
      }
      case 'bring':
        for (const it of next.addresses) await mover?.bring(it, next.from === '' ? undefined : (next.from as NicId));
        return log.info('static address brought', { of: keyOf(name), ips: next.addresses, from: next.from });
      case 'sendAway':
        for (const it of next.addresses) await mover?.sendAway(it);
        return log.info('static address sent away', { of: keyOf(name), ips: next.addresses });
      case 'giveBack':
        // what was to make room for another, or to leave, has perhaps left already; so has what the cloud does not show
        for (const it of pool.pool.claims.get(keeper) ?? [])
          if (isNobody(name) || mover?.isLeaving(it) === true || isDoubted(pool.pool, it)) await mover?.sendAway(it);
        return pool.release(keeper, true);
      case 'forget':
        for (const it of pool.pool.claims.get(keeper) ?? []) await mover?.forget(it);
        return pool.release(keeper, true);
      case 'tell':
        return typeof heard === 'string' ? undefined : this.#tell(heard, next.status);
      case 'grant':
      case 'choose':
      case 'rest':
      case 'wait':
      case 'lose':
    }
  }

  async #tell(heard: StaticAddressShape, status: StaticAddressShape['status']): Promise<void> {
    const { namespace, name, version: resourceVersion } = heard;
    const { kube, clock } = this.#doors;
    const at = { resource: STATIC_ADDRESSES, namespace, name, part: 'status' };
    const told = writeStaticStatus(status, clock.now());
    await kube.client.patch(at, 'merge', { metadata: { resourceVersion }, status: told });
  }

  /** What the API server says at this moment. */
  async ask(of: Name): Promise<StaticAddressShape | 'absent' | 'unheard'> {
    if (isNobody(of)) return 'absent';
    const { namespace, name } = of;
    try {
      return readStaticAddress(await this.#doors.kube.client.get({ resource: STATIC_ADDRESSES, namespace, name }));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return error.kind === 'absent' ? 'absent' : 'unheard';
    }
  }

  /** Tells the cluster what the name has; why it could not. */
  async recorded(name: Name): Promise<string | undefined> {
    try {
      // a machine that loses its power must not have forgotten what the cluster knows it to have
      await this.#doors.journal.synced();
      for (let tries = 0; tries < 3; tries++) {
        const heard = await this.ask(name);
        const next = this.next(name, heard, { asks: false });
        if (next.move === 'rest' && typeof heard !== 'string' && heard.status.node === this.#doors.nodeName)
          return undefined;
        if (next.move !== 'tell') return 'the cluster gave it to another node, or does not answer';
        const told = this.carryOut(name, next, heard).then(() => true, butConflict);
        if (await told) return undefined;
      }
      return 'the cluster does not have it on record';
    } catch (error) {
      return saidBy(error);
    }
  }

  /** Sees to it that there is an address that can move; why there is none. */
  async provide(name: Name): Promise<string | undefined> {
    const { cloud } = this.#doors.pool.pool;
    if (cloud?.policy.families.includes('v6') === true)
      return 'IPv6 addresses of a NIC come in prefixes, which do not move';
    try {
      return await this.#doors.mover?.provide(name);
    } catch (error) {
      return saidBy(error);
    }
  }
}

/** Somebody was first: to be looked at anew. */
function butConflict(error: unknown): false {
  if (error instanceof KubeError && error.kind === 'conflict') return false;
  throw error;
}

/** Its own record of it was lost, and a pod of this node has it since. */
function takenHere(pool: Pool, addresses: readonly Address[]): CloudError {
  const held = addresses.find((it) => holderOf(pool, it) !== undefined);
  const holder = held === undefined ? undefined : holderOf(pool, held);
  const message = `${held ?? addresses.join(', ')} is held by ${holder === undefined ? 'another pod' : attachmentWords(holder)}`;
  return new CloudError('taken', { action: 'keep', code: 'HeldHere', message });
}

/** Whether it is the world's fault, and may be tried again. */
export function isOperating(error: unknown): error is Error {
  return error instanceof CloudError || error instanceof KubeError || error instanceof JournalError;
}

/** What an error of the world says. Throws what is a defect. */
export function saidBy(error: unknown): string {
  if (!isOperating(error)) throw error;
  return error.message;
}

/** "namespace/name". */
export function keyOf({ namespace, name }: Name): string {
  return `${namespace}/${name}`;
}

/** Whether the last report that was sure missed it. */
function isDoubted({ cloud }: Pool, address: Address): boolean {
  return cloud?.nics.some(({ holds }) => holds.get(address)?.trust === 'unsure') === true;
}
