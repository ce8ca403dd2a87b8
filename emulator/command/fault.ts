import type { Summary } from '../server/summary.ts';
import { ask, CommandError } from './ask.ts';

/** As they were typed. */
interface FaultWords {
  readonly admin: string;
  readonly action?: string;
  readonly instance?: string;
  readonly subnet?: string;
  readonly times?: string;
  readonly for?: string;
  readonly chance?: string;
  readonly name?: string;
  readonly status: string;
  readonly by: string;
  readonly of?: string;
}

/** `berth emulator fault`. Throws CommandError. */
export async function faultCommand(options: FaultWords, what: string, words: readonly string[]): Promise<void> {
  const { admin } = options;
  switch (what) {
    case 'list': {
      const all = await ask<readonly unknown[]>(admin, 'GET /v1/faults');
      return print(all.length === 0 ? 'nothing is wrong' : all.map((it) => JSON.stringify(it)).join('\n'));
    }
    case 'clear':
      for (const name of words) await ask(admin, 'DELETE /v1/faults', undefined, { name });
      if (words.length === 0) await ask(admin, 'DELETE /v1/faults');
      return undefined;
    case 'detach':
      await ask(admin, 'POST /v1/requests', { do: 'detach-nic', of: { nic: words[0] }, force: true });
      return undefined;
    case 'unassign': {
      const [nic, ...all] = words;
      const prefix = (it: string) => it.includes('/');
      const v6 = (it: string) => it.includes(':');
      await ask(admin, 'POST /v1/requests', {
        do: 'unassign',
        nic,
        addresses: all.filter((it) => !prefix(it) && !v6(it)),
        prefixes: all.filter((it) => prefix(it) && !v6(it)),
        addresses6: all.filter((it) => !prefix(it) && v6(it)),
        prefixes6: all.filter((it) => prefix(it) && v6(it)),
      });
      return undefined;
    }
    default:
      return begin(options, what, words);
  }
}

async function begin(options: FaultWords, kind: string, words: readonly string[]): Promise<void> {
  const { admin, action, subnet, times, chance, name } = options;
  const instance = options.instance === undefined ? undefined : await instanceId(admin, options.instance);
  const forMs = options.for === undefined ? undefined : Number(options.for) * 1000;
  const fault = {
    what: { kind, ...details(options, kind, words) },
    scope: present({ action, instance, subnet }),
    ...present({ name, forMs, left: numberOf(times), chance: numberOf(chance) }),
  };
  const begun = await ask<{ readonly name: string }>(admin, 'POST /v1/faults', fault);
  print(`${begun.name}: ${kind}; it ends with: berth emulator fault clear ${begun.name}`);
}

/** What belongs to a kind of fault besides its name. */
function details({ of, by, status }: FaultWords, kind: string, words: readonly string[]): object {
  const byMs = Number(by) * 1000;
  switch (kind) {
    case 'error':
      return { status: Number(status) };
    case 'slow':
      return { byMs };
    case 'exhaust':
      return { of: of ?? 'address' };
    case 'limit':
      return { of: of ?? 'addresses' };
    case 'lag':
      return { viewer: of ?? 'metadata', byMs };
    case 'hide':
      return { viewer: of ?? 'metadata', nic: needed(words, 'hide wants a NIC') };
    case 'cut':
      return { zone: needed(words, 'cut wants a zone') };
    default:
      return {};
  }
}

function needed([first]: readonly string[], text: string): string {
  if (first === undefined) throw new CommandError(text);
  return first;
}

async function instanceId(admin: string, name: string): Promise<string> {
  const { instances } = await ask<Summary>(admin, 'GET /v1/cloud');
  const found = instances.find((it) => it.id === name || it.name === name);
  if (found === undefined) throw new CommandError(`there is no instance ${name}`);
  return found.id;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, it]) => it !== undefined));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
