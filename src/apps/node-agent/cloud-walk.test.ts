import { afterEach, beforeEach, expect, test } from 'vitest';
import { prefix } from '../../base/ip.ts';
import { show } from '../../core/datapath/plan.ts';
import type { Intent, NicId, NicReport, Token } from '../../core/ipam/nic.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { settled } from './testing/hand-clock.ts';

let scene: CloudScene;

beforeEach(async () => {
  scene = await new CloudScene().start();
});
afterEach(() => scene.small.close());

test('a pod gets an address of a NIC, and the NIC is marked for it before the answer', async () => {
  const [answer] = await scene.burst(1);
  expect(answer).toMatchObject({ exitCode: 0 });
  expect(scene.marks().join('\n')).toContain(`element ${answer?.ips[0]}/32 : 2048 in nic_of4`);
});

test('A51: no pod starts before the node knows the ranges of its VPC, which are asked for soon again (A57)', async () => {
  const late = new CloudScene();
  late.provider.ranges = [prefix('10.0.0.0/8')];
  late.provider.rangeless = new CloudError('unknown', { action: 'metadata', code: 'Metadata', message: 'too late' });
  await late.start();
  const asked = late.small.add({ id: 'early' });
  await late.pass(3_000);
  expect(late.marks()).toEqual([]);
  late.provider.rangeless = undefined;
  await late.pass(20_000);
  expect(await asked).toMatchObject({ exitCode: 0 });
  expect(late.small.standing().some((line) => line.includes('element 10.0.0.0/8 in internal4'))).toBe(true);
  await late.small.close();
});

test('A30: twenty pods at once are served by a few calls, and each has an address of its own', async () => {
  scene.attachLinks(3);
  const answers = await scene.burst(20, 0, 10_000);
  expect(answers).toHaveLength(20);
  const { assign, createNic } = scene.provider.cloud.calls;
  expect(assign + createNic).toBeLessThanOrEqual(4); // three NICs of nine, and what was warm
});

test('A26: what is asked of the cloud is on record before', async () => {
  const seen: boolean[] = [];
  scene.provider.before = ({ token }) => {
    seen.push(scene.small.agent.parts.doors.journal.memory().intents.has(token));
  };
  await scene.burst(3);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every(Boolean)).toBe(true);
});

test('A26: an intent is settled when what it brought is durable: the record of a NIC is not lost behind it', async () => {
  await scene.small.stop();
  const holds = (nics: readonly NicReport[], intent: Intent) =>
    'nic' in intent ? (nics.find(({ id }) => id === intent.nic)?.addresses.length ?? 0) : nics.length;
  const asked = new Map<Token, { readonly intent: Intent; readonly held: number }>();
  const told: string[] = [];
  let durable: readonly NicReport[] = [];
  scene.small.onJournal = (journal) => ({
    append: (records) => {
      for (const it of records) {
        if (it.kind === 'intent')
          asked.set(it.intent.token, { intent: it.intent, held: holds(journal.memory().nics, it.intent) });
        for (const token of it.kind === 'settled' ? it.tokens : []) {
          const { intent, held } = asked.get(token) ?? {};
          if (intent?.kind !== 'assign' && intent?.kind !== 'createNic') continue;
          told.push(holds(durable, intent) > (held ?? 0) ? 'durable' : 'too soon');
        }
      }
      return journal.append(records);
    },
    synced: async () => {
      const { nics } = journal.memory();
      await journal.synced();
      durable = nics;
    },
    memory: () => journal.memory(),
    failing: () => journal.failing(),
    close: () => journal.close(),
  });
  await scene.small.start();
  await scene.burst(6, 0, 10_000);
  expect(new Set(told)).toEqual(new Set(['durable']));
});

test('addresses of a NIC whose link is not there yet are given when it comes', async () => {
  const asked = Array.from({ length: 12 }, (_, i) => scene.small.add({ id: `pod${i}` }));
  await settled();
  await scene.pass(4_000);
  expect(scene.provider.cloud.calls.createNic).toBe(1);
  expect(scene.marks().some((line) => line.includes(': 1 in'))).toBe(false);
  scene.attachLinks(2);
  await scene.pass(4_000);
  const answers = await Promise.all(asked);
  expect(new Set(answers.flatMap(({ ips }) => ips)).size).toBe(12);
  expect(scene.small.standing()).toContain('rule v4 1536 mark 1/4095 table 4001');
});

test('a NIC whose link is called otherwise is served by its new name, and has the MTU of the primary (A59)', async () => {
  scene.attachLinks(2);
  await scene.burst(12);
  const isOn = (name: string) => (line: string) => line.includes(`host:${name}`) || line.includes(`element ${name} `);
  expect(scene.small.agent.parts.node.plan.map(show)).toContain('up host:eth1 mtu 9001');
  const before = scene.small.standing().filter(isOn('eth1'));
  const { world } = scene.small.kernel;
  world.hostLinks = world.hostLinks.map((link) => (link.name === 'eth1' ? { ...link, name: 'ens6' } : link));
  scene.small.kernel.overflow();
  await scene.pass(2_000);
  const after = scene.small.standing().filter(isOn('ens6'));
  expect(after).toEqual(before.map((line) => line.replace('eth1', 'ens6')));
  expect(scene.small.standing().filter((line) => line.startsWith('element eth1'))).toEqual([]);
});

test('a subnet that has run dry refuses with its name, and serves again when it has addresses', async () => {
  await scene.burst(1);
  scene.provider.cloud.dry = true;
  const answers = await scene.burst(12, 1, 90_000);
  const refused = answers.filter(({ exitCode }) => exitCode !== 0);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.says).toContain('subnet-a');
  expect(scene.small.counted).toContain('refused subnet-empty');
  scene.provider.cloud.dry = false;
  await scene.pass(300_000);
  expect((await scene.burst(1, 50, 30_000))[0]).toMatchObject({ exitCode: 0 });
});

test('A22, A23: STATUS is 50 while the cloud gives nothing and nothing is free, with the reason; else it is well', async () => {
  const status = () => scene.small.call('STATUS', { id: '' });
  expect(await status()).toMatchObject({ exitCode: 0 });
  await scene.burst(1);
  scene.provider.cloud.dry = true;
  await scene.burst(12, 1, 90_000);
  let refused = await status();
  // a call gives hope while it is under way, and one that failed seldom: the disk takes its own time, and so fewer fail
  for (let i = 0; i < 100 && refused.exitCode === 0; i++) {
    await scene.pass(5_000);
    refused = await status();
  }
  expect(refused).toMatchObject({ exitCode: 1, code: 50 });
  expect(refused.says).toContain('subnet-a');
  scene.provider.cloud.dry = false;
  await scene.pass(700_000);
  expect(await status()).toMatchObject({ exitCode: 0 });
});

test('A44: a NIC that was detached from outside is told to its pods, and gives nothing any more', async () => {
  scene.attachLinks(2);
  const answers = await scene.burst(12);
  const second = [...scene.provider.cloud.nics.values()].find(({ device }) => device === 1);
  if (second === undefined) throw new Error('no second NIC');
  const cut = answers.filter(({ ips }) => ips.some((it) => second.holds.has(it as never)));
  expect(cut.length).toBeGreaterThan(0);
  scene.provider.cloud.nics.delete(second.id as NicId);
  scene.attachLinks(1);
  await scene.pass(1_500_000);
  expect(scene.small.logged).toContain('error taken from outside');
  expect(scene.small.why(cut[0]?.ips[0] ?? '').join(' ')).toContain('was detached from outside');
});

test('while the cloud does not answer, what is warm is given', async () => {
  await scene.burst(2);
  await scene.pass(60_000);
  scene.fails('denied');
  await scene.pass(120_000);
  expect((await scene.burst(1, 10))[0]).toMatchObject({ exitCode: 0 });
});

test('A40: lost NICs are looked for each hour, and soon again while there are more of them', async () => {
  let [lost, looks] = [25, 0];
  scene.provider.collectLeaked = (atMost) => {
    const gone = Math.min(atMost, lost);
    lost -= gone;
    looks++;
    return Promise.resolve(Array.from({ length: gone }, (_, i) => `eni-lost-${i}` as NicId));
  };
  await scene.pass(3_600_000);
  expect([lost, looks]).toEqual([0, 3]);
});
