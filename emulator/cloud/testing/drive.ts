import type { Prefix } from '../../../src/base/ip.ts';
import type { Id, Nic } from '../nouns.ts';
import type { Request, Wish } from '../request.ts';
import { ranges, Stage } from './stage.ts';

/** One thing that happens: what is done, and numbers that choose to whom and how much. */
export interface Move {
  readonly what: (typeof MOVES)[number];
  readonly who: number;
  readonly whom: number;
  readonly many: number;
}

export const MOVES = [
  ...(['run', 'end', 'create', 'delete', 'attach', 'detach', 'force', 'modify', 'assign', 'steal'] as const),
  ...(['unassign', 'move', 'reserve', 'release', 'pass', 'pass', 'pass'] as const),
] as const;

/** A stage with two small subnets in each of two zones. */
export function smallStage(seed: number): Stage {
  const delays = { attach: [500, 1500], detach: [300, 900], launch: [1000, 2000], job: [0, 0] } as const;
  const late = { describe: [0, 1000], metadata: [0, 2000] } as const;
  const stage = new Stage({ delays: { ...delays, ...late }, afterlifeMs: 5000 }, seed);
  const vpc = stage.vpc('10.0.0.0/16', true);
  const v6 = ranges('2001:db8:0:1::/64', '2001:db8:0:2::/64', '2001:db8:0:3::/64', '2001:db8:0:4::/64');
  for (const [i, range] of ['10.0.0.0/26', '10.0.1.0/27', '10.0.2.0/26', '10.0.3.0/28'].entries())
    stage.subnet(vpc, range, { zone: i < 2 ? 'one' : 'two', v6: v6[i] as Prefix });
  return stage;
}

/** The request of a move, as the stage stands. Undefined: there is nothing that it could be about. */
export function requestOf(stage: Stage, { what, who, whom, many }: Move): Request | undefined {
  const { nics, instances, subnets } = stage.cloud;
  const nic = nth([...nics.values()], who);
  const other = nth([...nics.values()], whom);
  const instance = nth([...instances.values()], whom);
  const subnet = nth([...subnets.values()], whom);
  if (subnet === undefined || what === 'pass') return undefined;
  if (what === 'run') return run(subnet.id, many);
  if (what === 'create') return { do: 'create-nic', subnet: subnet.id, ...wishes(many) };
  if (what === 'reserve') {
    const range = `${subnet.v4.replace(/\d+\/\d+$/, '')}${16 * (many % 4)}/28` as Prefix;
    return {
      do: 'reserve-range',
      subnet: subnet.id,
      range,
      use: many % 2 === 0 ? 'prefix' : 'explicit',
      description: '',
    };
  }
  if (what === 'release') return { do: 'release-range', reservation: subnet.reservations[0]?.id ?? subnet.id };
  if (what === 'end') return instance && { do: 'terminate-instances', instances: [instance.id] };
  if (nic === undefined || other === undefined) return undefined;
  if (what === 'attach') return instance && { do: 'attach-nic', nic: nic.id, instance: instance.id };
  return nicRequest(what, { nic, other, many });
}

function nicRequest(
  what: Exclude<Move['what'], 'run' | 'create' | 'reserve' | 'release' | 'end' | 'attach' | 'pass'>,
  { nic, other, many }: { readonly nic: Nic; readonly other: Nic; readonly many: number },
): Request {
  const { id } = nic;
  switch (what) {
    case 'delete':
      return { do: 'delete-nic', nic: id };
    case 'detach':
      return { do: 'detach-nic', of: { nic: id } };
    case 'force':
      return { do: 'detach-nic', of: { nic: id }, force: true };
    case 'modify':
      return { do: 'modify-nic', nic: id, deleteWithInstance: many % 2 === 0 };
    case 'assign':
      return { do: 'assign', nic: id, ...wishes(many) };
    case 'steal':
      return { do: 'assign', nic: id, reassign: true, addresses: { list: other.addresses.slice(many % 3) } };
    case 'unassign':
      return {
        do: 'unassign',
        nic: id,
        addresses: nic.addresses.slice(many % 3),
        prefixes: nic.prefixes.slice(many % 2),
        addresses6: nic.addresses6.slice(many % 2),
        prefixes6: nic.prefixes6.slice(many % 2),
      };
    case 'move': {
      const address = nic.addresses.at(-1) ?? other.addresses[0];
      if (address === undefined) throw new Error('a NIC has an address');
      return { do: 'move-address', address, from: id, to: other.id };
    }
  }
}

function run(subnet: Id, many: number): Request {
  const nics = [{ device: 0, subnet, publicAddress: many % 2 === 0 }];
  return { do: 'run-instances', least: 1, most: 1 + (many % 2), type: 'plain', nics, tags: {} };
}

function wishes(many: number): Readonly<Record<string, Wish<never>>> {
  const names = ['addresses', 'prefixes', 'addresses6', 'prefixes6'] as const;
  return { [names[many % 4] ?? 'addresses']: { count: 1 + (many % 3) } };
}

function nth<T>(all: readonly T[], at: number): T | undefined {
  return all[at % Math.max(1, all.length)];
}
