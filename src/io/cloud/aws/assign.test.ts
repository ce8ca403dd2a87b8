import { expect, test } from 'vitest';
import { ACCESS_KEY } from '../../../../emulator/server/start.ts';
import type { Trouble } from '../../../../emulator/cloud/trouble.ts';
import { slowly } from '../../../../tools/bench-aws/latency.ts';
import { Region } from '../../../../tools/bench-aws/region.ts';
import { seeded } from '../../../base/random.ts';
import type { Token } from '../../../core/ipam/nic.ts';
import { awsSettings } from './aws-settings.ts';
import { parseConfig } from '../../config/load.ts';
import { openAws } from './provider.ts';

const AFTER_MS = 60_000;
const LOST: Trouble = { name: 'lost', what: { kind: 'lose' }, scope: { action: 'AssignPrivateIpAddresses' }, left: 1 };
const LATE: Trouble = { name: 'late', what: { kind: 'lag', viewer: 'describe', byMs: 30_000 }, scope: {} };

/** Addresses for the primary NIC of an instance, which has room for fourteen. */
async function assigned(count: number, troubles: readonly Trouble[]) {
  process.env['AWS_ACCESS_KEY_ID'] = ACCESS_KEY.id;
  process.env['AWS_SECRET_ACCESS_KEY'] = ACCESS_KEY.secret;
  const region = new Region([{ name: 'node', type: 'm5.xlarge', account: 'ours' }], 7);
  const instance = region.instance('node');
  const settings = awsSettings(parseConfig('').config.aws);
  const doors = { clock: region.clock, random: seeded(1), onCall: () => {} };
  const opening = openAws({ settings, ...doors, network: region.networkOf(instance, 'ours') });
  const provider = await region.until(opening, AFTER_MS);
  const [primary] = await region.until(provider.reportNics({ sure: true }), AFTER_MS);
  if (primary === undefined) throw new Error('there is no NIC');
  for (const { name } of slowly()) region.world.calm(name); // of two troubles only one strikes an answer
  for (const it of troubles) region.world.trouble(it);
  const of = { nic: primary.id, unit: 'address', family: 'v4', count } as const;
  const token = `token@${region.clock.now()}` as Token;
  const ask = () =>
    region.until(
      provider.assign(of, token, 'pod').catch((error: unknown) => error),
      AFTER_MS,
    );
  const answer = await ask();
  const again = () => {
    for (const { name } of troubles) region.world.calm(name);
    return ask();
  };
  return { answer, held: () => region.held(instance), again };
}

test('an answer that comes leaves no doubt', async () => {
  const { answer, held } = await assigned(10, []);
  expect(answer).not.toHaveProperty('doubtful');
  expect([held(), (answer as { addresses: readonly string[] }).addresses.length]).toEqual([10, 10]);
});

test('after a lost answer more may be there than the next one tells, and that is said', async () => {
  const { answer, held } = await assigned(4, [LATE, LOST]);
  expect(answer).toMatchObject({ doubtful: true });
  expect([held(), (answer as { addresses: readonly string[] }).addresses.length]).toEqual([8, 4]);
});

test('A26: refused for a limit after a lost answer is no refusal: what it was given may not be seen yet', async () => {
  const { answer, held } = await assigned(10, [LATE, LOST]);
  expect(answer).toMatchObject({ kind: 'unknown', code: 'PrivateIpAddressLimitExceeded' });
  expect(held()).toBe(10);
});

test('A26: so is a look at what it was given that is throttled; asked again it is told what it was given, and no more', async () => {
  const throttled: Trouble = {
    name: 'throttled',
    what: { kind: 'throttle' },
    scope: { action: 'DescribeNetworkInterfaces' },
  };
  const { answer, held, again } = await assigned(4, [throttled, LOST]);
  expect(answer).toMatchObject({ kind: 'unknown', code: 'RequestLimitExceeded' });
  expect(held()).toBe(4);
  const second = await again();
  expect(second).toMatchObject({ doubtful: true });
  expect([held(), (second as { addresses: readonly string[] }).addresses.length]).toEqual([4, 4]);
});
