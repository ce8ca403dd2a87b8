import type { Clock } from '../../../base/clock.ts';
import type { Random } from '../../../base/random.ts';
import type { CallTold } from '../../../core/calls/ledger.ts';
import type { NicId } from '../../../core/ipam/nic.ts';
import type { Budget } from '../budget.ts';
import type { ClusterCloud } from '../cluster-cloud.ts';
import type { CloudError, NicProvider } from '../provider.ts';
import { Ec2 } from './ec2.ts';
import { type Ec2Client, Ec2Clients, type Ec2Keys, type Ec2Requests } from './ec2-clients.ts';
import { collectLeaked } from './leaked.ts';
import { AwsProvider } from './provider.ts';
import type { AwsSettings } from './settings.ts';
import { askSelf } from './told-self.ts';

export interface AwsFleetOptions {
  readonly region: string;
  readonly settings: AwsSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly onCall: (told: CallTold) => void;
  readonly mayCall: () => CloudError | undefined; // looked at before every call; what it answers is thrown
  readonly budgetOf?: (instance: string, action: string) => Budget; // absent: as for each instance alone
  readonly network?: { readonly requests: Ec2Requests; readonly keys: Ec2Keys }; // absent: as the machine has it
  readonly client?: Ec2Client; // absent: the SDK's own
}

/** Amazon EC2, seen from one place for many instances, with one client. */
export class AwsFleet implements ClusterCloud {
  readonly #options: AwsFleetOptions;
  readonly #clients: Ec2Clients;
  #own: Ec2 | undefined;

  constructor(options: AwsFleetOptions) {
    const { region, settings, network, client } = options;
    const { endpoint, timeoutMs } = settings;
    this.#options = options;
    this.#clients = new Ec2Clients({
      region,
      ...(endpoint && { endpoint }),
      ...network,
      ...(client && { client }),
      timeoutMs,
    });
  }

  /** One instance, which is asked of EC2 once. Throws CloudError. */
  async instance(id: string): Promise<NicProvider> {
    const { settings, clock } = this.#options;
    const ec2 = this.#ec2Of(id);
    return new AwsProvider({ ec2, self: await askSelf(ec2, id), settings, known: [], clock });
  }

  async collectLeaked(name: string, atMost: number): Promise<readonly NicId[]> {
    const { settings, clock } = this.#options;
    if (settings.cluster === '') return []; // nothing tells this cluster's NICs from another's
    this.#own ??= this.#ec2Of('');
    return collectLeaked({ ec2: this.#own, sweeper: { name }, settings, clock }, atMost);
  }

  /** After the providers of all instances. */
  close(): void {
    this.#own?.close();
    this.#clients.close();
  }

  /** EC2 for an instance, or for none: ''. */
  #ec2Of(id: string): Ec2 {
    const { region, settings, clock, random, onCall, mayCall, budgetOf } = this.#options;
    const budgets = budgetOf === undefined ? {} : { budgetOf: (action: string) => budgetOf(id, action) };
    const { timeoutMs } = settings;
    return new Ec2({ region, clients: this.#clients, timeoutMs, clock, random, onCall, mayCall, ...budgets });
  }
}
