import type { CallTold } from '../../core/calls/ledger.ts';
import type { Logger } from '../../base/log.ts';
import type { ControllerConfig } from '../../io/config/controller-config.ts';
import { awsSettings } from '../../io/cloud/aws/aws-settings.ts';
import { SharedBudgets } from '../../io/cloud/shared-budget.ts';
import { realClock } from '../../io/system/clock.ts';
import { realRandom } from '../../io/system/random.ts';
import type { ControllerDoors } from './doors.ts';

/** The cloud as a process has it, for its controller to open. */
export interface CloudOfProcess {
  readonly door: Pick<ControllerDoors, 'openCloud'>;
  /** How many calls wait for the budget that all nodes share, by action. */
  readonly waiting: () => Readonly<Record<string, number>>;
  /** After the controller. */
  readonly close: () => void;
}

/** The way to the cloud, whose code is loaded where the nodes are on one. Nobody is asked yet. */
export async function openCloud(
  { provider, aws, calls }: ControllerConfig,
  { log, onCall }: { readonly log: Logger; readonly onCall: (told: CallTold) => void },
): Promise<CloudOfProcess> {
  if (provider === 'podcidr') return { door: {}, waiting: () => ({}), close: () => {} };
  const { AwsFleet } = await import('../../io/cloud/aws/fleet.ts');
  const [settings, region] = [awsSettings(aws), aws.region ?? '']; // there is one: the configuration was judged
  if (settings.cluster === '') log.warn('leaked NICs are not looked for', { because: 'aws.cluster is not set' });
  const clock = realClock;
  const budgets = new SharedBudgets(calls, clock);
  const budgetOf = (node: string, action: string) => budgets.of(node, action);
  const openFleet: ControllerDoors['openCloud'] = (mayCall) =>
    new AwsFleet({ region, settings, clock, random: realRandom, onCall, mayCall, budgetOf });
  return { door: { openCloud: openFleet }, waiting: () => budgets.waiting, close: () => budgets.close() };
}
