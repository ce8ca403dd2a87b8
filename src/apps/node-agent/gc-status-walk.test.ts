import { afterEach, beforeEach, expect, test } from 'vitest';
import { show } from '../../core/datapath/plan.ts';
import { SmallAgent } from './testing/small-agent.ts';

let small: SmallAgent;
beforeEach(async () => {
  small = await new SmallAgent().start();
});
afterEach(() => small.close());

const ok = { exitCode: 0, code: 0 };
const valid = (...ids: string[]) => ({
  config: { 'cni.dev/valid-attachments': ids.map((containerID) => ({ containerID, ifname: 'eth0' })) },
});

test('C22, C23: GC removes what the runtime no longer lists, of this network only', async () => {
  for (const id of ['keep', 'drop']) await small.add({ id });
  await small.add({ id: 'drop', network: 'other', ifname: 'net1' });
  for (let twice = 0; twice < 2; twice++)
    expect(await small.call('GC', { id: '', ...valid('keep') })).toMatchObject(ok);
  const left = () => small.agent.parts.attachments.all().map(({ id }) => id);
  expect(left()).toEqual(['other/drop/net1', 'pods/keep/eth0']);
  expect(await small.call('GC', { id: '', ...valid() })).toMatchObject(ok);
  expect(left()).toEqual(['other/drop/net1']);
  expect(small.why('keep').at(-1)).toContain('the runtime no longer lists it');
});

test('C25: STATUS is 51 while something is missing, and well again when it is back', async () => {
  await small.add({ id: 'aaaa' });
  expect(await small.call('STATUS', { id: '' })).toMatchObject(ok);
  const lost = small.kernel.items().find((item) => item.kind === 'element');
  if (lost === undefined) throw new Error('no element');
  small.kernel.deleteFromOutside(lost);
  await small.clock.pass(100);
  const status = await small.call('STATUS', { id: '' });
  expect(status).toMatchObject({ exitCode: 1, code: 51 });
  expect(status.says).toContain(show(lost));
  await small.clock.pass(1_000);
  expect(await small.call('STATUS', { id: '' })).toMatchObject(ok);
  expect(small.counted).toContain('repaired node 1');
});
