import { expect, test } from 'vitest';
import { nicsOf } from '../../emulator/cloud/cloud.ts';
import type { Targets } from '../../src/core/ipam/cloud.ts';
import { ADDRESS_VECTORS, PREFIX_VECTORS, type Vector } from '../../src/core/ipam/testing/aws-vectors.ts';
import { AwsNode } from './aws-node.ts';
import type { AwsNodeSettings } from './aws-node-model.ts';
import { Region } from './region.ts';
import { withKeys } from './simulate.ts';

/** Instance types of the vectors' shapes: NICs, addresses of one for pods. */
const TYPES: Readonly<Record<string, string>> = { '3 3': 't3.small', '3 9': 'm5.large', '8 29': 'm5.4xlarge' };

interface Case {
  readonly type: string;
  readonly settings: AwsNodeSettings;
  readonly vector: Vector;
}

const cases: readonly Case[] = [
  ...ADDRESS_VECTORS.flatMap(([nics, per, targets, vectors]) =>
    casesOf({ nics, per, prefixes: false, targets }, vectors),
  ),
  ...PREFIX_VECTORS.flatMap(([targets, vectors]) => casesOf({ nics: 3, per: 3, prefixes: true, targets }, vectors)),
];

interface Of {
  readonly nics: number;
  readonly per: number;
  readonly prefixes: boolean;
  readonly targets: Targets;
}

function casesOf({ nics, per, prefixes, targets }: Of, vectors: readonly Vector[]): readonly Case[] {
  const settings: AwsNodeSettings = {
    prefixes,
    maxEnis: nics,
    perEni: per,
    maxPods: 250,
    ...(targets.warmAddresses === undefined ? {} : { warmIpTarget: targets.warmAddresses }),
    ...(targets.minimumAddresses === undefined ? {} : { minimumIpTarget: targets.minimumAddresses }),
    ...(targets.warmNics === undefined ? {} : { warmEniTarget: targets.warmNics }),
    ...(targets.warmPrefixes === undefined ? {} : { warmPrefixTarget: targets.warmPrefixes }),
  };
  const type = TYPES[`${nics} ${per}`] ?? '';
  // with WARM_ENI_TARGET=0 it gives a whole spare ENI back and asks for it again, over and over: no state at rest
  return vectors.flatMap((vector) => (targets.warmNics === 0 && vector[2] >= per ? [] : [{ type, settings, vector }]));
}

test('A27: on the emulator aws-node comes to rest as AWS publishes, for every vector that is at rest', {
  timeout: 120_000,
}, async () => {
  await withKeys(async () => {
    for (const { type, settings, vector } of cases) {
      const [pods, shape, free] = vector;
      const region = new Region([{ name: 'node', type, account: 'theirs' }], pods + 1);
      const node = await region.until(AwsNode.start(region, { name: 'node', account: 'theirs', settings }), 60_000);
      await region.pass(60_000);
      await region.until(Promise.all(Array.from({ length: pods }, (_, i) => node.add(`pod${i}`))), 1_200_000);
      await region.pass(300_000);
      const nics = nicsOf(region.world.cloud, region.instance('node'));
      const units = nics.map(({ addresses, prefixes }) => addresses.length - 1 + prefixes.length);
      const said = `${type} ${JSON.stringify(settings)} ${pods} pods`;
      expect([units, region.held(region.instance('node')) - pods], said).toEqual([shape, free]);
    }
  });
});
