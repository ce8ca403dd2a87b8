import { readFileSync } from 'node:fs';
import type { Summary } from '../server/summary.ts';
import { ask } from './ask.ts';

interface Words {
  readonly admin: string;
  readonly json?: boolean;
  readonly forget?: boolean;
}

/** `berth emulator describe`. */
export async function describe({ admin, json }: Words): Promise<void> {
  const it = await ask<Summary>(admin, 'GET /v1/cloud');
  print(json === true ? JSON.stringify(it, undefined, 2) : lines(it).join('\n'));
}

function lines({ vpcs, subnets, instances, loose, faults }: Summary): readonly string[] {
  const nic = ({ id, state, device, card, subnet, addresses, publicAddress }: Summary['loose'][number]) => {
    const at = device === undefined ? '' : ` device ${device}${card === 0 ? '' : ` of card ${card}`}`;
    const outside = publicAddress === undefined ? '' : `, outside ${publicAddress}`;
    return `${id}${at} ${state} in ${subnet}: ${addresses.join(' ')}${outside}`;
  };
  return [
    ...vpcs.flatMap((vpc) => [
      `${vpc.id} ${vpc.name}: ${vpc.ranges.join(' ')}`,
      ...subnets
        .filter((it) => it.vpc === vpc.id)
        .map(({ id, name, zone, range, free }) => `  ${id} ${name} in ${zone}: ${range}, ${free} free`),
    ]),
    ...instances.flatMap(({ id, name, type, zone, state, nics }) => [
      `${id} ${name}: ${type} in ${zone}, ${state}`,
      ...nics.map((it) => `  ${nic(it)}`),
    ]),
    ...loose.map((it) => `of nobody: ${nic(it)}`),
    ...faults.map((it) => `fault ${it}`),
  ];
}

/** `berth emulator drops`. */
export async function drops({ admin, json, forget }: Words): Promise<void> {
  const all = await ask<readonly { readonly sentence: string; readonly packets: number }[]>(admin, 'GET /v1/drops');
  const told = all.map(({ packets, sentence }) => `${String(packets).padStart(6)}  ${sentence}`);
  print(json === true ? JSON.stringify(all, undefined, 2) : told.join('\n') || 'no packet was dropped');
  if (forget === true) await ask(admin, 'DELETE /v1/drops');
}

interface Count {
  readonly action: string;
  readonly calls: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly callers: Readonly<Record<string, number>>;
}

/** `berth emulator calls`. */
export async function calls({ admin, json, forget }: Words): Promise<void> {
  const all = await ask<readonly Count[]>(admin, 'GET /v1/calls');
  const told = all.map(({ action, calls: count, errors }) => {
    const ends = Object.entries(errors).map(([code, times]) => `${times} ${code}`);
    return `${String(count).padStart(6)}  ${action}${ends.length === 0 ? '' : `: ${ends.join(', ')}`}`;
  });
  print(json === true ? JSON.stringify(all, undefined, 2) : told.join('\n') || 'nothing was called');
  if (forget === true) await ask(admin, 'DELETE /v1/calls');
}

/** `berth emulator save`. */
export async function saveState({ admin }: Words): Promise<void> {
  print(JSON.stringify(await ask(admin, 'GET /v1/state')));
}

/** `berth emulator load`. */
export async function loadState({ admin }: Words, file: string): Promise<void> {
  await ask(admin, 'PUT /v1/state', JSON.parse(readFileSync(file, 'utf8')));
}

/** `berth emulator pass`. */
export async function passTime({ admin }: Words, seconds: number): Promise<void> {
  const { now } = await ask<{ readonly now: number }>(admin, 'POST /v1/time', { ms: seconds * 1000 });
  print(`it is ${new Date(now).toISOString()}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
