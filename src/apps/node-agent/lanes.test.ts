import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

/** A gate that is opened from outside. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('work of one container runs in the order it came, also after a failure', async () => {
  const lanes = new Lanes();
  const said: string[] = [];
  const first = gate();
  const one = lanes.run('c1', async () => {
    await first.opened;
    said.push('one');
    throw new Error('failed');
  });
  const two = lanes.run('c1', async () => void said.push('two'));
  expect(lanes.busy('c1')).toBe(true);
  first.open();
  await expect(one).rejects.toThrow('failed');
  await two;
  expect(said).toEqual(['one', 'two']);
  expect(lanes.busy('c1')).toBe(false);
});

test('work of different containers overlaps', async () => {
  const lanes = new Lanes();
  const first = gate();
  const one = lanes.run('c1', () => first.opened);
  await lanes.run('c2', async () => {});
  expect(lanes.size).toBe(1);
  first.open();
  await one;
  await lanes.idle();
  expect(lanes.size).toBe(0);
});
