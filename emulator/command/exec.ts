import { spawn } from 'node:child_process';
import type { MachineSummary } from '../server/summary.ts';
import { ask, CommandError } from './ask.ts';

/** `berth emulator exec`: runs a command in an instance, and answers its exit code. Throws CommandError. */
export async function execCommand(
  { admin }: { readonly admin: string },
  name: string,
  words: readonly string[],
): Promise<number> {
  const machines = await ask<readonly MachineSummary[]>(admin, 'GET /v1/instances');
  const machine = machines.find((it) => it.id === name || (it.name === name && it.enter !== undefined));
  if (machine === undefined) throw new CommandError(`there is no instance ${name}`);
  const [program, ...arguments_] = machine.enter ?? [];
  if (program === undefined)
    throw new CommandError(`nothing runs in ${name}: it is ${machine.state}, or the emulator has no packets`);
  const child = spawn(program, [...arguments_, ...words], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
