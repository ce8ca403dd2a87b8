import { prefix } from '../src/base/ip.ts';
import type { Run } from './run.ts';
import type { Edit } from './setting.ts';

const NEAR = prefix('10.0.0.0/16');
const FAR = prefix('172.20.0.0/14');
const EXCEPT = prefix('192.168.77.0/24');
const EDITS: readonly Edit[] = [
  { forwardAccept: true },
  { forwardAccept: false },
  { cluster: [NEAR, FAR] },
  { cluster: [FAR] },
  { cluster: [NEAR] },
  { masquerade: { enabled: true, except: [EXCEPT], ports: 'kept' } },
  { masquerade: { enabled: true, except: [EXCEPT, FAR], ports: 'random' } },
  { masquerade: { enabled: false, except: [], ports: 'kept' } },
];

/** The file is saved; the agent, where one runs, takes it on. It may fail only when something has failed. */
export function reconfigure(run: Run): boolean {
  const { machine, random, provider } = run.parts;
  const edit = EDITS[Math.floor(random.fraction() * EDITS.length)];
  if (edit === undefined || provider !== undefined) return false; // a region's nodes are configured by others
  machine.edit = { ...machine.edit, ...edit };
  run.tell(() => `config ${JSON.stringify(edit)}`);
  const { life } = run;
  const fair = !run.faults.active;
  if (life?.up !== true) return true;
  life.reconfigure().catch((error: unknown) => {
    if (fair && !run.faults.active && !life.ended) run.blame('unfailing', `another configuration: ${String(error)}`);
  });
  return true;
}
