import { type Address, familyOf } from '../../../base/ip.ts';
import type { Given, Holdable, NicId, NicReport, Token, Urgency } from '../../../core/ipam/nic.ts';
import { CloudError, type NicOrder, type NicProvider } from '../../../io/cloud/provider.ts';
import type { Found } from '../../../wire/broker/answer.ts';
import type { Wish } from '../../../wire/broker/question.ts';
import { carryOutBranch } from './branch-wishes.ts';
import { type ClusterSays, noNicConfig } from './cluster-says.ts';
import { Orders } from './orders.ts';

type Assign = Extract<Wish, { readonly do: 'assign' }>;
/** Whether an address may be taken off another's NIC. */
export type MayTake = (address: Address, from: string) => boolean;

type Bring = Extract<Wish, { readonly do: 'bring' }>;

/** How a wish came: `mayTake`: whether an address may be taken off a NIC that is not of this instance. */
export interface Asked {
  readonly urgency: Urgency;
  readonly order?: number | undefined; // among all that this instance's agent asked
  readonly mayTake: MayTake;
}

type Change = Pick<Asked, 'urgency' | 'order'>;

/**
 * The NICs of one instance, for whoever speaks for it: what is another's is as if it were not there. Changes of one NIC
 * go one after the other, and none that is late undoes a newer one.
 */
export class OneInstance {
  readonly #provider: NicProvider;
  readonly #lanes = new Map<string, Promise<unknown>>();
  readonly #leaving = new Set<string>();
  readonly #orders = new Orders();
  #own: ReadonlySet<string> = new Set();

  readonly #says: ClusterSays;

  constructor(provider: NicProvider, says: ClusterSays) {
    [this.#provider, this.#says] = [provider, says];
  }

  /** Whether a NIC was attached to this instance when that was told last. */
  owns(nic: string): boolean {
    return this.#own.has(nic);
  }

  /** Throws CloudError, of them Overtaken. */
  async carryOut(wish: Wish, { urgency, order, mayTake }: Asked): Promise<Found> {
    const provider = this.#provider;
    switch (wish.do) {
      case 'limits':
        return { limits: await provider.limits() };
      case 'report': {
        const nics = await this.#report();
        for (const { id } of nics) this.#orders.note(id, order); // the agent will rely on what is told
        return { nics };
      }
      case 'ranges':
        return { ranges: await provider.vpcRanges() };
      case 'tend':
        return { tended: await provider.tendNics() };
      case 'tendEnds':
        return { tended: await provider.tendNics({ groups: false }) };
      case 'create':
        return this.#create(wish.spec, wish.token, urgency);
      case 'createBy': {
        const { spec, config, token } = wish;
        const place = this.#says.placeOf(config);
        if (place === undefined) throw noNicConfig(config);
        return this.#create({ ...spec, config, place }, token, urgency);
      }
      case 'delete':
        await this.#inLane(wish.nic, () => this.#delete(wish.nic, { urgency, order }));
        return {};
      case 'assign':
        return { given: await this.#inLane(wish.nic, () => this.#assign(wish, { urgency, order })) };
      case 'bring':
        await this.#inLanes([wish.nic, wish.from ?? wish.nic], () => this.#bring(wish, { urgency, order, mayTake }));
        return {};
      case 'branches':
      case 'createBranch':
      case 'createBranchBy':
      case 'deleteTrunk':
        return this.#branch(wish, urgency);
      case 'deleteBranch':
        return this.#inLane(wish.nic, () => this.#branch(wish, urgency));
      case 'unassign':
        await this.#inLane(wish.nic, async () => {
          if (!(await this.#has(wish.nic))) return;
          this.#orders.noteInTurn([wish.nic], order);
          await provider.unassign(wish.nic as NicId, wish.what, urgency);
        });
        return {};
    }
  }

  #branch(wish: Parameters<typeof carryOutBranch>[1], urgency: Urgency): Promise<Found> {
    return carryOutBranch(this.#provider.branches, wish, { urgency, says: this.#says, leaving: this.#leaving });
  }

  async #create(spec: NicOrder, token: string, urgency: Urgency): Promise<Found> {
    const nic = await this.#provider.createNic(spec, token as Token, urgency);
    this.#own = new Set([...this.#own, nic.id]);
    return { nics: [nic] };
  }

  /**
   * Asked for again, what the NIC has now and had not before is what an earlier try was given, by whichever replica.
   * Only if that is nothing, the cloud is asked.
   */
  async #assign(wish: Assign, { urgency, order }: Change): Promise<Given> {
    const { nic, unit, family, count, had, token } = wish;
    if (!(await this.#has(nic))) throw notThere(nic);
    this.#orders.note(nic, order);
    if (had !== undefined) {
      const found = (await this.#report()).find(({ id }) => id === nic);
      const fresh = newIn(found, had).filter(
        (it) => familyOf(it) === family && it.includes('/') === (unit === 'prefix'),
      );
      if (fresh.length > 0) return { ...sorted(fresh), doubtful: true };
    }
    const given = await this.#provider.assign({ nic: nic as NicId, unit, family, count }, token as Token, urgency);
    return had === undefined ? given : { ...given, doubtful: true };
  }

  /** It is not taken off another node's NIC on a node's word alone, nor by a right that was lost meanwhile. */
  async #bring({ nic, address, from }: Bring, { urgency, order, mayTake }: Asked): Promise<void> {
    if (!(await this.#has(nic))) throw notThere(nic);
    const isOwn = from !== undefined && (await this.#has(from));
    const touched = isOwn ? [nic, from] : [nic];
    const takes = isOwn || (from !== undefined && mayTake(address, from));
    const source = takes ? { from: from as NicId } : {};
    this.#orders.noteInTurn(touched, order);
    await this.#provider.bring({ nic: nic as NicId, address, ...source }, urgency);
  }

  async #delete(nic: string, { urgency, order }: Change): Promise<void> {
    if (this.owns(nic)) this.#orders.noteInTurn([nic], order);
    await this.#provider.deleteNic(nic as NicId, urgency);
    this.#own = new Set([...this.#own].filter((it) => it !== nic));
    this.#orders.forget(nic);
  }

  /** Whether a NIC is attached to this instance, as far as was told; else the cloud is asked. */
  async #has(nic: string): Promise<boolean> {
    return this.#own.has(nic) || (await this.#report()).some(({ id }) => id === nic);
  }

  async #report(): Promise<readonly NicReport[]> {
    const nics = await this.#provider.reportNics({ sure: true });
    this.#own = new Set(nics.map(({ id }) => id));
    return nics;
  }

  /** In the lanes of several NICs, always entered in the same order. */
  async #inLanes<T>(nics: readonly string[], deed: () => Promise<T>): Promise<T> {
    const [first, ...others] = [...new Set(nics)].sort();
    return first === undefined ? deed() : this.#inLane(first, () => this.#inLanes(others, deed));
  }

  async #inLane<T>(nic: string, deed: () => Promise<T>): Promise<T> {
    const mine = (this.#lanes.get(nic) ?? Promise.resolve()).then(deed);
    const quiet = mine.catch(() => {});
    this.#lanes.set(nic, quiet);
    try {
      return await mine;
    } finally {
      if (this.#lanes.get(nic) === quiet) this.#lanes.delete(nic);
    }
  }
}

function newIn(nic: NicReport | undefined, had: readonly Holdable[]): readonly Holdable[] {
  const before = new Set<string>(had);
  return [...(nic?.addresses ?? []), ...(nic?.prefixes ?? [])].filter((it) => !before.has(it));
}

function sorted(what: readonly Holdable[]): Given {
  return {
    addresses: what.filter((it) => !it.includes('/')) as Given['addresses'],
    prefixes: what.filter((it) => it.includes('/')) as Given['prefixes'],
  };
}

function notThere(nic: string): CloudError {
  const message = `${nic} is no NIC of this instance`;
  return new CloudError('gone', { action: 'controller', code: 'NotThere', message });
}
