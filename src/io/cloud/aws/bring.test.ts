import { expect, test } from 'vitest';
import { ACCESS_KEY } from '../../../../emulator/server/start.ts';
import type { Trouble } from '../../../../emulator/cloud/trouble.ts';
import { slowly } from '../../../../tools/bench-aws/latency.ts';
import { Region } from '../../../../tools/bench-aws/region.ts';
import type { Address } from '../../../base/ip.ts';
import { seeded } from '../../../base/random.ts';
import type { NicId, Token } from '../../../core/ipam/nic.ts';
import { parseConfig } from '../../config/load.ts';
import { awsSettings } from './aws-settings.ts';
import { openAws } from './provider.ts';

const AFTER_MS = 60_000;
const LATE: Trouble = { name: 'late', what: { kind: 'lag', viewer: 'describe', byMs: 30_000 }, scope: {} };

test('A90: what a Describe still shows on the NIC, and the cloud refuses to put there, is not there', async () => {
  process.env['AWS_ACCESS_KEY_ID'] = ACCESS_KEY.id;
  process.env['AWS_SECRET_ACCESS_KEY'] = ACCESS_KEY.secret;
  const region = new Region([{ name: 'node', type: 'm5.xlarge', account: 'ours' }], 7);
  const settings = awsSettings(parseConfig('').config.aws);
  const doors = { clock: region.clock, random: seeded(1), onCall: () => {} };
  const network = region.networkOf(region.instance('node'), 'ours');
  const done = <T>(answer: Promise<T>) => region.until(answer, AFTER_MS);
  const provider = await done(openAws({ settings, ...doors, network }));
  const [first] = await done(provider.reportNics({ sure: true }));
  if (first === undefined) throw new Error('there is no NIC');
  const token = (n: number) => `token-${n}@${region.clock.now()}` as Token;
  const second = await done(provider.createNic({ count: 1, unit: 'address', family: 'v4' }, token(1), 'pod'));
  for (const { name } of slowly()) region.world.calm(name);
  const given = await done(
    provider.assign({ nic: first.id, unit: 'address', family: 'v4', count: 1 }, token(2), 'pod'),
  );
  const [address] = given.addresses as [Address];
  const bring = (nic: NicId, from: NicId) =>
    done(provider.bring({ nic, address, from }, 'pod').then(() => 'brought', kindOf));
  region.world.trouble(LATE);
  const late = () => done(new Promise<void>((resolve) => region.clock.timer(40_000, resolve)));
  await late();
  expect(await bring(second.id, first.id)).toBe('brought');
  expect(await bring(first.id, second.id)).toBe('taken'); // for 30 s more it is shown on the first
  await late();
  expect(await bring(first.id, second.id)).toBe('brought');
  await late();
  const shown = await done(provider.reportNics({ sure: true }));
  expect(shown.filter(({ addresses }) => addresses.includes(address)).map(({ id }) => id)).toEqual([first.id]);
});

function kindOf(error: unknown): unknown {
  return (error as { readonly kind?: unknown }).kind ?? error;
}
