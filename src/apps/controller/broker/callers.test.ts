import { expect, test } from 'vitest';
import type { Bearer } from '../../../core/cluster/broker.ts';
import { KubeError } from '../../../io/kube/client.ts';
import { HandClock } from '../../node-agent/testing/hand-clock.ts';
import { Callers } from './callers.ts';

const admission = { user: 'agents', audience: 'us' };
const good: Bearer = { authentic: true, error: '', user: 'agents', audiences: ['us'], node: 'node-1' };

function callers(answer: () => Bearer) {
  const clock = new HandClock();
  const reviewed: string[] = [];
  const review = async (token: string) => {
    reviewed.push(token);
    return answer();
  };
  return { clock, reviewed, callers: new Callers({ review, admission, clock }) };
}

test('a token that was confirmed is believed for a minute, and asked of the API server again then', async () => {
  const scene = callers(() => good);
  const ask = () => scene.callers.nodeOf('Bearer abc');
  expect([await ask(), await ask()]).toEqual([{ node: 'node-1' }, { node: 'node-1' }]);
  expect(scene.reviewed).toEqual(['abc']);
  await scene.clock.pass(60_000);
  await ask();
  expect(scene.reviewed).toEqual(['abc', 'abc']);
});

test('a token that is not known is asked of the API server each time: it may be known soon', async () => {
  const scene = callers(() => ({ ...good, authentic: false }));
  await scene.callers.nodeOf('Bearer abc');
  expect(await scene.callers.nodeOf('Bearer abc')).toMatchObject({ why: 'unknown-token' });
  expect(scene.reviewed.length).toBe(2);
});

test('without a token the API server is not asked, and what it throws is thrown', async () => {
  const scene = callers(() => {
    throw new KubeError('unreachable', 'away');
  });
  expect(await scene.callers.nodeOf('Basic abc')).toMatchObject({ why: 'unknown-token' });
  expect(scene.reviewed).toEqual([]);
  await expect(scene.callers.nodeOf('Bearer abc')).rejects.toThrow('away');
});

test('so many tokens at once are asked of the API server, and the others after them', async () => {
  let [running, most] = [0, 0];
  const review = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return good;
  };
  const all = new Callers({ review, admission, clock: new HandClock() });
  const asked = await Promise.all(Array.from({ length: 100 }, (_, i) => all.nodeOf(`Bearer t${i}`)));
  expect([asked.every((it) => 'node' in it), most]).toEqual([true, 32]);
});
