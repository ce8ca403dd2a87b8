import type { Clock, Millis } from '../../src/base/clock.ts';
import type { Intent } from '../../src/core/ipam/nic.ts';
import type { Memory } from '../../src/core/memory/record.ts';
import { TAG_SWEEPER } from '../../src/io/cloud/aws/settings.ts';
import type { Cloud } from '../../emulator/cloud/cloud.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import type { Blame } from '../checkers.ts';
import type { Action, Inputs } from './ec2-requests.ts';

/** What one node may ask of each action (docs/aws.md): so many at once, and so many a second after that. */
const BUDGETS = { changing: { burst: 8, perSecond: 2 }, reading: { burst: 16, perSecond: 5 } } as const;

/** Counts one process' calls against its budget. */
export class CallMeter {
  readonly #clock: Clock;
  readonly #levels = new Map<Action, { level: number; at: Millis }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One call more. Whether it was within the budget. */
  count(action: Action): boolean {
    const { burst, perSecond } = action.startsWith('Describe') ? BUDGETS.reading : BUDGETS.changing;
    const now = this.#clock.now();
    const was = this.#levels.get(action) ?? { level: burst, at: now };
    const level = Math.min(burst, was.level + ((now - was.at) / 1_000) * perSecond) - 1;
    this.#levels.set(action, { level, at: now });
    return level >= -0.01; // timers are of whole milliseconds
  }
}

/** A call that is about to be sent. */
export interface Sending {
  readonly action: Action;
  readonly input: Inputs[Action];
  readonly meter: CallMeter;
  readonly memory: Pick<Memory, 'intents' | 'kept'>;
  readonly cloud: Cloud;
}

/** What is wrong with sending it. */
export function* atSending({ action, input, meter, memory, cloud }: Sending): Generator<Blame> {
  if (!meter.count(action)) yield { law: 'budget', detail: action };
  if (!isMeant({ action, input, cloud }, openIn(memory)) && !isKept({ action, input, memory }))
    yield { law: 'recorded', detail: `${action} ${JSON.stringify(input)}` };
}

/** What is on record, and nobody knows yet what came of it. */
export function openIn({ intents }: Pick<Memory, 'intents'>): readonly Intent[] {
  return [...intents.values()].flatMap(({ intent, settledAt }) => (settledAt === undefined ? intent : []));
}

/** Whether a keeper has on record what is moved: that is its intent. Of prefixes none can move: one more is asked. */
function isKept({ action, input, memory }: Pick<Sending, 'action' | 'input' | 'memory'>): boolean {
  const kept = [...memory.kept.values()].flat();
  if (action === 'AssignPrivateIpAddresses') {
    const { PrivateIpAddresses: these, SecondaryPrivateIpAddressCount: count } = input as Inputs[typeof action];
    return count === 1 || (these ?? []).every((it) => kept.some((one) => one === it));
  }
  if (action !== 'UnassignPrivateIpAddresses') return false;
  const { PrivateIpAddresses: these = [] } = input as Inputs[typeof action];
  return these.every((it) => kept.some((one) => one === it));
}

/** Whether some intent on record is why this is asked. */
function isMeant(
  { action, input, cloud }: Pick<Sending, 'action' | 'input' | 'cloud'>,
  open: readonly Intent[],
): boolean {
  const nic = 'NetworkInterfaceId' in input ? input.NetworkInterfaceId : undefined;
  const creating = open.some(({ kind }) => kind === 'createNic');
  switch (action) {
    case 'CreateNetworkInterface': {
      const { ClientToken: token = '' } = input as Inputs['CreateNetworkInterface'];
      return open.some((it) => it.kind === 'createNic' && token.startsWith(it.token));
    }
    case 'AttachNetworkInterface':
      return creating;
    case 'AssignPrivateIpAddresses':
    case 'AssignIpv6Addresses':
      return open.some((it) => it.kind === 'assign' && it.nic === nic);
    case 'UnassignPrivateIpAddresses':
      return isGivenBack(input as Inputs['UnassignPrivateIpAddresses'], open);
    case 'DetachNetworkInterface':
      return creating || open.some(({ kind }) => kind === 'deleteNic');
    case 'DeleteNetworkInterface':
      if (creating || open.some((it) => it.kind === 'deleteNic' && it.nic === nic)) return true;
      return cloud.nics.get(nic as Id)?.tags[TAG_SWEEPER] !== undefined || !cloud.nics.has(nic as Id);
    default:
      return true;
  }
}

function isGivenBack(input: Inputs['UnassignPrivateIpAddresses'], open: readonly Intent[]): boolean {
  const what = [...(input.PrivateIpAddresses ?? []), ...(input.Ipv4Prefixes ?? [])];
  return open.some(
    (it) =>
      it.kind === 'unassign' &&
      it.nic === input.NetworkInterfaceId &&
      what.every((one) => it.what.some((other) => other === one)),
  );
}
