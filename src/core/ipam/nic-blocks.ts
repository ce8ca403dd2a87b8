import { type Address, contains, type Family, familyOf, numberOf, type Prefix } from '../../base/ip.ts';
import { type Cloud, gives, type Nic } from './cloud.ts';
import type { Block } from './pool.ts';
import type { Run } from './ranges.ts';
import { bareBlock } from './slots.ts';

/**
 * What pods may be given of the NICs, as blocks: each prefix, and the single addresses of each NIC and family. Only
 * what is surely there and staying. None holds an address of another, whatever the cloud tells. `kept`: the names'. A
 * prefix that one of them lies in gives nothing: it has to go as a whole before the name can have its address.
 */
export function blocksOf(cloud: Cloud, kept: readonly Address[]): readonly Block[] {
  const blocks: Block[] = [];
  const taken: Taken = { prefixes: [], addresses: new Set(), kept };
  const nics = cloud.nics.filter((nic) => gives(cloud, nic));
  for (const nic of nics) blocks.push(...prefixBlocks(nic, taken));
  for (const nic of nics)
    for (const family of ['v4', 'v6'] as const) {
      const block = singlesBlock(nic, family, taken);
      if (block !== undefined) blocks.push(block);
    }
  return blocks;
}

/** What is in a block already, or the node's own. */
interface Taken {
  readonly prefixes: Prefix[];
  readonly addresses: Set<Address>;
  readonly kept: readonly Address[];
}

function prefixBlocks(nic: Nic, taken: Taken): readonly Block[] {
  const blocks: Block[] = [];
  for (const [it, { trust }] of nic.holds) {
    const range = it as Prefix;
    if (!it.includes('/') || trust !== 'sure' || taken.prefixes.some((other) => contains(other, range))) continue;
    taken.prefixes.push(range);
    if (taken.kept.some((name) => contains(range, name))) continue;
    blocks.push(bareBlock({ range: { prefix: range, reserved: nic.report.primary, whole: true }, ...placeOf(nic) }));
  }
  return blocks;
}

function singlesBlock(nic: Nic, family: Family, taken: Taken): Block | undefined {
  const numbers: bigint[] = [];
  for (const [key, { trust }] of nic.holds) {
    const it = key as Address;
    if (key.includes('/') || trust !== 'sure' || familyOf(it) !== family) continue;
    if (taken.addresses.has(it) || nic.report.primary.includes(it)) continue;
    if (taken.prefixes.some((other) => contains(other, it))) continue;
    taken.addresses.add(it);
    numbers.push(numberOf(it));
  }
  const { subnetRange, subnetRange6 = subnetRange, gateway, gateway6 = gateway } = nic.report;
  const [prefix, router] = familyOf(subnetRange) === family ? [subnetRange, gateway] : [subnetRange6, gateway6];
  if (numbers.length === 0 || familyOf(prefix) !== family) return undefined;
  const range = { prefix, reserved: [], gateway: router };
  return bareBlock({ range, ...placeOf(nic) }, runsOfNumbers(numbers));
}

function placeOf({ report }: Nic): Pick<Block, 'nic' | 'stays'> {
  return { nic: report.id, stays: report.device === 0 };
}

function runsOfNumbers(numbers: readonly bigint[]): readonly Run[] {
  const runs: Run[] = [];
  for (const it of numbers.toSorted((a, b) => (a < b ? -1 : 1))) {
    const last = runs.at(-1);
    if (last !== undefined && last.last + 1n === it) runs[runs.length - 1] = { first: last.first, last: it };
    else runs.push({ first: it, last: it });
  }
  return runs;
}
