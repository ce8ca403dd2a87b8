import type { Address, Family, Prefix } from '../../base/ip.ts';
import type { CloudEvent } from '../../core/ipam/cloud-event.ts';
import type { Given, Intent, NicId, NicLimits, NicReport, Token, Unit } from '../../core/ipam/nic.ts';
import { Refused, TinyCloud, type TinySettings } from '../../core/ipam/testing/tiny-cloud.ts';
import { type Brought, CloudError, type NicOrder, type NicProvider } from './provider.ts';

/** A cloud in memory that answers at once: for tests of whoever stands before the door. */
export class FakeProvider implements NicProvider {
  readonly cloud: TinyCloud;
  /** Called before a change is made: a test may look, wait or throw. */
  before: (intent: Intent) => void | Promise<void> = () => {};
  /** Reports fail with this while it is set. */
  silent: CloudError | undefined;
  ranges: readonly Prefix[] = [];
  /** NICs that were asked for. */
  readonly ordered: NicOrder[] = [];
  /** The ranges are not told while it is set. */
  rangeless: CloudError | undefined;
  #serial = 0;

  constructor(settings: TinySettings) {
    this.cloud = new TinyCloud(settings);
  }

  limits(): Promise<NicLimits> {
    return Promise.resolve(this.cloud.limits);
  }

  async reportNics(): Promise<readonly NicReport[]> {
    if (this.silent !== undefined) throw this.silent;
    return this.cloud.report();
  }

  async createNic(spec: NicOrder, token: Token): Promise<NicReport> {
    this.ordered.push(spec);
    const answer = await this.#do({ kind: 'createNic', token, spec });
    if (answer.kind !== 'nicCreated') throw new Error('fake provider: no NIC');
    return answer.nic;
  }

  async deleteNic(nic: NicId): Promise<void> {
    await this.#do({ kind: 'deleteNic', token: this.#token(), nic });
  }

  async assign(of: { nic: NicId; unit: Unit; family: Family; count: number }, token: Token): Promise<Given> {
    const answer = await this.#do({ kind: 'assign', token, ...of });
    if (answer.kind !== 'assigned') throw new Error('fake provider: nothing assigned');
    return answer.given;
  }

  async bring({ nic, address, from }: Brought): Promise<void> {
    try {
      this.cloud.bring(nic, address, from);
    } catch (refused) {
      throw errorOf(refused);
    }
  }

  async unassign(nic: NicId, what: readonly (Address | Prefix)[]): Promise<void> {
    await this.#do({ kind: 'unassign', token: this.#token(), nic, what });
  }

  async vpcRanges(): Promise<readonly Prefix[]> {
    if (this.rangeless !== undefined) throw this.rangeless;
    return this.ranges;
  }

  /** Whether it was asked to give NICs other security groups. */
  regrouped = false;

  tendNics({ groups }: { readonly groups: boolean } = { groups: true }): Promise<readonly NicId[]> {
    this.regrouped ||= groups;
    return Promise.resolve([]);
  }

  collectLeaked(_atMost: number): Promise<readonly NicId[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #do(intent: Intent): Promise<CloudEvent> {
    await this.before(intent);
    try {
      return this.cloud.carryOut(intent);
    } catch (refused) {
      throw errorOf(refused);
    }
  }

  #token(): Token {
    return `fake-${++this.#serial}` as Token;
  }
}

function errorOf(refused: unknown): unknown {
  if (!(refused instanceof Refused)) return refused;
  const { kind, ...failure } = refused.failure;
  return new CloudError(kind, failure);
}
