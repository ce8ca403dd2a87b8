import { expect, test } from 'vitest';
import { ACCESS_KEY } from '../../../../emulator/server/start.ts';
import { Region } from '../../../../tools/bench-aws/region.ts';
import { seeded } from '../../../base/random.ts';
import type { Token } from '../../../core/ipam/nic.ts';
import { parseConfig } from '../../config/load.ts';
import { awsSettings } from './aws-settings.ts';
import { openAws } from './provider.ts';

test('A49: the first pod waits for its trunk to be attached; a NIC that EC2 does not show yet keeps its number', async () => {
  process.env['AWS_ACCESS_KEY_ID'] = ACCESS_KEY.id;
  process.env['AWS_SECRET_ACCESS_KEY'] = ACCESS_KEY.secret;
  const region = new Region([{ name: 'node', type: 'm5.xlarge', account: 'ours' }], 7);
  const network = region.networkOf(region.instance('node'), 'ours');
  const doors = { clock: region.clock, random: seeded(1), onCall: () => {}, network };
  const settings = awsSettings(parseConfig('').config.aws);
  const { branches } = await region.until(openAws({ settings, ...doors }), 1_000);
  const [group] = [...region.world.cloud.groups.keys()];
  const make = (token: string) => {
    const made = branches.create({ groups: [`${group}`], v6: false }, token as Token, 'pod');
    return region.until(made, 60_000);
  };
  const first = await make('a');
  await region.pass(10_000);
  region.world.trouble({ name: 'late', what: { kind: 'lag', viewer: 'describe', byMs: 30_000 }, scope: {} });
  const others = [await make('b'), await make('c')];
  expect([first, ...others].map(({ vlan }) => vlan)).toEqual([1, 2, 3]);
  const refused = region.calls.flatMap(({ code }) => code ?? []);
  expect(new Set(refused)).toEqual(new Set(['IncorrectState'])); // of the trunk that was still being attached
});
