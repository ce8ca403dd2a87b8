import { afterEach, beforeEach, expect, test } from 'vitest';
import { KernelError } from '../../io/kernel/kernel.ts';
import { prefix } from '../../base/ip.ts';
import { show } from '../../core/datapath/plan.ts';
import { settled } from './testing/hand-clock.ts';
import { SmallAgent } from './testing/small-agent.ts';

// A node whose kernel refuses what the node itself needs.

const small: SmallAgent[] = [];

beforeEach(async () => {
  const agent = new SmallAgent();
  agent.kernel.failOn = (item, verb) =>
    verb === 'ensure' && item?.kind === 'ruleset' ? new KernelError('unsupported', 'no nftables here') : undefined;
  small.push(await agent.start());
});
afterEach(async () => {
  for (const agent of small.splice(0)) await agent.close();
});

test('an ADD waits for a node plan that does not stand, and is then refused with what keeps it from standing', async () => {
  const [agent] = small as [SmallAgent];
  const adding = agent.add({ id: 'early' });
  await agent.clock.pass(5_000);
  const refused = await adding;
  expect(refused).toMatchObject({ exitCode: 1, code: 11 });
  expect(refused.says).toContain('this node cannot give addresses yet: no nftables here');
  expect(agent.counted).toContain('refused starting');
  expect(agent.why('early').at(-1)).toContain('no nftables here');
  expect(agent.agent.parts.attachments.count).toBe(0);
  expect(await agent.call('DEL', { id: 'early' })).toMatchObject({ exitCode: 0 });
});

test('an ADD that waits is served once the node plan stands', async () => {
  const [agent] = small as [SmallAgent];
  const adding = agent.add({ id: 'patient' });
  await settled();
  agent.kernel.failOn = () => undefined;
  await agent.clock.pass(2_000);
  expect(await adding).toMatchObject({ exitCode: 0, ips: ['10.0.3.2'] });
});

test('K3: what an ADD has waited for the node is part of its patience', async () => {
  const pool = { cooldownMs: 30_000, patienceMs: 29_500, waitingLimit: 8 };
  const agent = await new SmallAgent(['10.0.3.0/30'], { pool }).start();
  small.push(agent);
  await agent.add({ id: 'first' });
  await agent.call('DEL', { id: 'first' });
  await agent.stop();
  agent.kernel.failOn = (_, verb) => (verb === 'ensure' ? new KernelError('busy', 'not now') : undefined);
  await agent.start();
  const adding = agent.add({ id: 'second' });
  await settled();
  agent.kernel.failOn = () => undefined;
  await agent.clock.pass(29_500);
  expect(await adding).toMatchObject({ exitCode: 1, code: 100 });
});

test('a change that cannot be made later refuses nobody: the node is as it was', async () => {
  const [agent] = small as [SmallAgent];
  const broken = agent.kernel.failOn;
  agent.kernel.failOn = () => undefined;
  await agent.clock.pass(2_000);
  agent.kernel.failOn = broken;
  const { config } = agent.agent.parts.node;
  await expect(agent.agent.reconfigure(config)).rejects.toThrow('no nftables here');
  agent.kernel.failOn = () => undefined;
  expect(await agent.add({ id: 'later' })).toMatchObject({ exitCode: 0 });
});

test('what of a former plan cannot be removed stays on record, and is removed later', async () => {
  const [agent] = small as [SmallAgent];
  agent.kernel.failOn = (_, verb) => (verb === 'remove' ? new KernelError('busy', 'not now') : undefined);
  await agent.clock.pass(2_000);
  const { node } = agent.agent.parts;
  const { network } = node.config;
  const former = node.plan;
  await node.establish({ ...node.config, network: { ...network, ranges: [prefix('10.0.4.0/24')] } });
  const left = node.plan.filter((item) => former.includes(item) && show(item).includes('10.0.3.'));
  const standing = () => agent.kernel.world.things().map(({ item }) => show(item));
  expect(left.length).toBeGreaterThan(0);
  expect(standing()).toEqual(expect.arrayContaining(left.map(show)));
  agent.kernel.failOn = () => undefined;
  await agent.clock.pass(5_000);
  expect([...node.plan.map(show), ...standing()].filter((it) => it.includes('10.0.3.'))).toEqual([]);
});
