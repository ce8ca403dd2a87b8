import { afterEach, beforeEach, expect, test } from 'vitest';
import { CloudScene } from './testing/cloud-scene.ts';

let scene: CloudScene;

beforeEach(async () => {
  scene = await new CloudScene().start();
});
afterEach(() => scene.small.close());

/** The agent starts anew, and everything that is taken out of the kernel from then on is told. */
async function restarted(): Promise<string[]> {
  const removed: string[] = [];
  await scene.small.stop();
  scene.small.kernel.failOn = (item, verb) => {
    if (verb === 'remove') removed.push(JSON.stringify(item));
    return undefined;
  };
  await scene.start();
  return removed;
}

test.for(['unknown', 'throttled', 'denied'] as const)(
  'A19: a restart while the cloud is %s takes nothing from under pods that stand, neither at the start nor later',
  async (kind) => {
    scene.attachLinks(2);
    await scene.burst(12);
    const before = scene.small.standing();
    expect(scene.marks().some((line) => line.includes(': 1 in'))).toBe(true); // pods on both NICs
    scene.fails(kind);
    expect(await restarted()).toEqual([]);
    await scene.pass(300_000);
    expect(scene.small.standing()).toEqual(before);
    scene.fails(undefined);
    await scene.pass(300_000);
    expect(scene.small.standing()).toEqual(before);
  },
);

test('A24: what was warm before a restart is given after it, while the cloud does not answer', async () => {
  await scene.burst(2);
  scene.fails('unknown');
  await restarted();
  expect((await scene.burst(1, 10))[0]).toMatchObject({ exitCode: 0 });
});

test('A44: a NIC that was detached while no agent ran is told to its pods', async () => {
  scene.attachLinks(2);
  await scene.burst(12);
  const [, second] = scene.provider.cloud.nics.values();
  if (second === undefined) throw new Error('no second NIC');
  await scene.small.stop();
  scene.provider.cloud.nics.delete(second.id);
  scene.attachLinks(1);
  await scene.start();
  await scene.pass(300_000);
  expect(scene.small.logged).toContain('error taken from outside');
  expect(scene.small.counted).toContain('taken nic 1');
  expect(scene.marks().some((line) => line.includes(': 1 in'))).toBe(false);
});
