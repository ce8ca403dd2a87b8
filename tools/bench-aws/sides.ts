import type { Millis } from '../../src/base/clock.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { INSTANCE_TYPES } from '../../emulator/dialects/aws/instance-types.ts';
import { AwsNode } from './aws-node.ts';
import { BerthNode } from './berth-node.ts';
import type { Node } from './node.ts';
import type { Contender, Region } from './region.ts';

export type Unit = 'address' | 'prefix';

/** What the targets are. `defaults`: each side's own, where nobody set anything. */
export type Targets = 'WARM_IP_TARGET=1' | 'defaults';

/** Who runs on a node, and with what. */
export interface Side {
  readonly program: 'berth' | 'aws-node';
  readonly targets: Targets;
}

/** The ratios compare the first two; the others are told beside. */
export const SIDES: readonly Side[] = [
  { program: 'berth', targets: 'WARM_IP_TARGET=1' },
  { program: 'aws-node', targets: 'WARM_IP_TARGET=1' },
  { program: 'berth', targets: 'defaults' },
  { program: 'aws-node', targets: 'defaults' },
];

/** A kind of node: a type, and what its NICs are asked for. */
export interface Kind {
  readonly type: string;
  readonly unit: Unit;
}

/** An account of its own for each side, so that neither spends the other's quota. */
export function contenderOf(side: Side, { type }: Kind, index = 0): Contender {
  const account = `${side.program}-${side.targets === 'defaults' ? 'defaults' : 'warm-1'}`;
  return { name: `${account}-${index}`, type, account };
}

/** Starts a side on its instance. */
export function startNode(region: Region, side: Side, of: { kind: Kind; index?: number }): Promise<Node> {
  const { name, account } = contenderOf(side, of.kind, of.index);
  const { unit, type } = of.kind;
  if (side.program === 'berth') {
    const targets = side.targets === 'defaults' ? {} : { warmAddresses: 1 };
    return BerthNode.start(region, { name, account, cloud: { unit, maxPods: maxPods(of.kind), ...targets } });
  }
  const shape = shapeOf(type);
  const defaults = unit === 'prefix' ? { warmPrefixTarget: 1 } : { warmEniTarget: 1 };
  const targets = side.targets === 'defaults' ? defaults : { warmIpTarget: 1 };
  const settings = { prefixes: unit === 'prefix', maxEnis: shape.nics, perEni: shape.slots, maxPods: maxPods(of.kind) };
  return AwsNode.start(region, { name, account, settings: { ...settings, ...targets } });
}

/** Nodes that a side starts at the same moment, and when each pod on them had its address: since then. */
export interface Started {
  readonly nodes: readonly Node[];
  readonly took: readonly Millis[];
}

/** Starts them, with so many pods waiting on each. Resolves when all pods have an address. */
export async function startNodes(
  region: Region,
  side: Side,
  of: { readonly kind: Kind; readonly indexes: readonly number[]; readonly pods: number },
): Promise<Started> {
  const { clock } = region;
  const begin = clock.now();
  const took: Millis[] = [];
  const one = async (index: number) => {
    const node = await startNode(region, side, { kind: of.kind, index });
    const pods = Array.from({ length: of.pods }, async (_, i) => {
      await node.add(`pod${i}`);
      took.push(clock.now() - begin);
    });
    await Promise.all(pods);
    return node;
  };
  return { nodes: await Promise.all(of.indexes.map(one)), took };
}

/** How many pods can have an address. */
export function capacityOf({ type, unit }: Kind): number {
  const { nics, slots } = shapeOf(type);
  return nics * slots * (unit === 'prefix' ? 16 : 1);
}

/** The kubelet's max-pods as EKS sets it: 250 on large machines, 110 on others. */
function maxPods({ type }: Kind): number {
  return (INSTANCE_TYPES.get(type)?.vcpus ?? 0) > 30 ? 250 : 110;
}

function shapeOf(type: string): { readonly nics: number; readonly slots: number } {
  const found = INSTANCE_TYPES.get(type);
  if (found === undefined) throw new RangeError(`no instance type ${type}`);
  return { nics: found.cards.reduce((sum, { nics }) => sum + nics, 0), slots: found.addressesPerNic - 1 };
}

/** The instance of a side. */
export function instanceOf(region: Region, side: Side, kind: Kind, index = 0): Id {
  return region.instance(contenderOf(side, kind, index).name);
}
