import type { Clock, Millis } from '../../src/base/clock.ts';
import type { Ec2Client } from '../../src/io/cloud/aws/ec2-clients.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { bucketName } from '../../emulator/dialects/aws/buckets.ts';
import { apiError } from '../../emulator/dialects/aws/faults.ts';
import { outputOf } from './ec2-answers.ts';
import { type Action, type Inputs, REQUESTS } from './ec2-requests.ts';
import type { Outcome, Region } from './region.ts';

/** How one process of a node reaches the cloud. */
export interface CloudDoor {
  readonly region: Region;
  readonly instance: Id | undefined; // that asks; undefined: somebody else does, for it
  readonly clock: Clock;
  readonly timeoutMs: Millis;
  /** Where the process can be stopped, or overtaken. */
  readonly pause: (what: string) => Promise<void> | undefined;
  /** Does it now, or when a process goes on that stands still. Absent: it never does. */
  readonly awake?: (then: () => void) => void;
  /** Told before a call is sent. */
  readonly onSend: (action: Action, input: Inputs[Action]) => void;
  /** A line for the story. */
  readonly tell: (line: () => string) => void;
}

interface Command {
  readonly input: Inputs[Action];
}

/** Carries out the SDK's commands on a simulated region: their serialization and signatures are not simulated. */
export function ec2Client(door: CloudDoor): Ec2Client {
  const send = async (command: Command): Promise<object> => {
    const action = command.constructor.name.replace(/Command$/, '') as Action;
    await door.pause(`ec2 ${action}`);
    const outcome = await sent(door, action, command.input);
    await door.pause(`ec2 ${action} answered`);
    door.tell(
      () => `cloud  ${(door.instance ?? 'cluster').slice(-4)} ${action} ${wordsOf(command.input)}: ${told(outcome)}`,
    );
    if (typeof outcome === 'string') throw named(outcome === 'cut' ? 'ECONNRESET' : 'TimeoutError', 'no answer');
    if ('fault' in outcome) {
      const { code, message } = apiError(outcome.fault);
      throw named(code, message);
    }
    return outputOf(outcome.answer);
  };
  // the SDK's `send` has an overload for each of its 700 commands
  return { send: send as unknown as Ec2Client['send'], destroy: () => {} };
}

/** What came back in time. */
function sent(door: CloudDoor, action: Action, input: Inputs[Action]): Promise<Outcome | 'late'> {
  door.onSend(action, input);
  const request = (REQUESTS[action] as (input: Inputs[Action]) => ReturnType<(typeof REQUESTS)[Action]>)(input);
  const group = bucketName(action, action.startsWith('Describe') ? 'non-mutating' : 'mutating', false);
  const token = 'ClientToken' in input && input.ClientToken !== undefined ? { token: input.ClientToken } : {};
  const { awake = (then: () => void) => then() } = door;
  const asker = door.instance === undefined ? {} : { from: door.instance };
  return new Promise((resolve) => {
    const cancel = door.clock.timer(door.timeoutMs, () => resolve('late'));
    door.region.send({ action, group, account: 'ours', ...asker, request, ...token }, (outcome) =>
      awake(() => {
        cancel();
        resolve(outcome);
      }),
    );
  });
}

/** The SDK gives EC2's code as the error's name. */
function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function wordsOf(input: Inputs[Action]): string {
  return JSON.stringify(input).replaceAll(/["{}]/g, '').slice(0, 160);
}

function told(outcome: Outcome | 'late'): string {
  if (typeof outcome === 'string') return outcome;
  if ('fault' in outcome) return outcome.fault.why;
  const { answer } = outcome;
  switch (answer.is) {
    case 'made':
      return answer.view.kind === 'nic' ? `made ${answer.view.nic.id} ${answer.view.nic.addresses}` : 'made';
    case 'assigned':
      return `${answer.addresses}${answer.prefixes}`;
    case 'views':
      return answer.views
        .map((it) => (it.kind === 'nic' ? `${it.nic.id.slice(-4)} ${it.nic.state}` : it.kind))
        .join(', ');
    default:
      return answer.is;
  }
}
