import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { netnsOf, SmallAgent } from './testing/small-agent.ts';

const INTERVAL_MS = 30_000; // of the comparison

let small: SmallAgent;

beforeEach(async () => {
  small = await new SmallAgent().start();
  await small.add({ id: 'aaaa' });
});
afterEach(() => small.close());

describe('a runtime takes the loopback link of a pod down', () => {
  /** Just before the comparison; a second later that has seen it. */
  async function takenDown(): Promise<void> {
    await small.clock.pass(INTERVAL_MS - 500);
    small.kernel.downFromOutside({ netns: 'pod', name: 'lo' }, netnsOf('aaaa'));
    await small.clock.pass(1_000);
  }
  const repaired = () => small.counted.filter((it) => it.startsWith('repaired'));

  test('before its DEL: the comparison in between repairs nothing and tells nobody', async () => {
    await takenDown();
    expect(await small.call('DEL', { id: 'aaaa' })).toMatchObject({ exitCode: 0 });
    await small.clock.pass(2 * INTERVAL_MS);
    expect(repaired()).toEqual([]);
  });

  test('and no DEL follows: soon after the comparison it is up again', async () => {
    await takenDown();
    expect(repaired()).toEqual([]);
    await small.clock.pass(6_000);
    expect(repaired()).toEqual(['repaired pod 1']);
  });
});
