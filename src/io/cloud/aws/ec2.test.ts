import { expect, test } from 'vitest';
import { HandClock, settled } from '../../../apps/node-agent/testing/hand-clock.ts';
import { seeded } from '../../../base/random.ts';
import { Ec2 } from './ec2.ts';

/** EC2 that throttles what is not among `fine`, and what was asked of it. */
function throttling(fine: readonly string[]) {
  const asked: string[] = [];
  const clock = new HandClock();
  const client = { send: () => Promise.reject(new Error('never asked')), destroy: () => {} };
  const ec2 = new Ec2({ region: 'r', client, timeoutMs: 1_000, clock, random: seeded(1), onCall: () => {} });
  const ask = (action: string) =>
    ec2.ask({ action, urgency: 'pod', again: true }, () => {
      asked.push(action);
      const refusal = Object.assign(new Error('Request limit exceeded.'), { name: 'RequestLimitExceeded' });
      return fine.includes(action) ? Promise.resolve('fine') : Promise.reject(refusal);
    });
  return { clock, asked, ask };
}

test('A41: what is throttled waits for a token, is asked three times, and is then told', async () => {
  const { clock, asked, ask } = throttling([]);
  const told = expect(ask('AssignPrivateIpAddresses')).rejects.toMatchObject({ kind: 'throttled' });
  await settled();
  expect(asked).toHaveLength(1);
  await clock.pass(400); // a token comes every 500 ms, and the bucket was emptied
  expect(asked).toHaveLength(1);
  await clock.pass(60_000);
  expect(asked).toHaveLength(3);
  await told;
});

test('A41: the throttling of one action keeps no other one waiting', async () => {
  const { clock, asked, ask } = throttling(['CreateNetworkInterface']);
  const told = expect(ask('AssignPrivateIpAddresses')).rejects.toMatchObject({ kind: 'throttled' });
  await settled();
  expect(await ask('CreateNetworkInterface')).toBe('fine'); // no time has passed
  expect(asked).toEqual(['AssignPrivateIpAddresses', 'CreateNetworkInterface']);
  await clock.pass(60_000);
  await told;
});
