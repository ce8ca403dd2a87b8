import { expect, test } from 'vitest';
import { mostPods } from './capacity.ts';
import type { NicReport } from './nic.ts';
import { planOf } from './outlook.ts';
import { configOf, lackOfPlace, placeAsked, type Placing } from './placing.ts';
import { refusalNow } from './probe.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const large = limitsOf(3, 10);
const place = (name: string, subnet = `subnet-${name}`) => ({ name, subnet, groups: [] });
const places = (own: string | undefined, ...names: readonly string[]): Placing => ({
  own,
  known: names.map((name) => place(name)),
});
const made = (it: CloudDriver) =>
  it.asked.flatMap(({ intent }) => (intent.kind === 'createNic' ? [intent.spec.config] : []));
const configsOf = (it: CloudDriver) => it.cloud.report().map(({ config }) => config);
const oneMore = { families: ['v4'], patienceMs: 60_000 } as const;

test('A47: pods have addresses of NICs that stand by the NICConfig of the node, and the node’s own NIC holds none', () => {
  const it = new CloudDriver({ limits: large }, { placing: places('zone-a', 'zone-a', 'zone-b') }).start();
  it.pods(12).passes(10_000);
  expect([it.granted.size, it.shape[0], new Set(made(it))]).toEqual([12, 0, new Set(['zone-a'])]);
});

test('A47: without the NICConfig that the Node names no NIC is made, the refusal names it, and once it is there NICs are made at once', () => {
  const it = new CloudDriver({ limits: large }, { placing: places('zone-a', 'zone-b') }).start();
  it.add('p0');
  expect(it.refusals.get('p0')).toEqual({ why: 'no-nic-config', config: 'zone-a', heard: true, ofNode: true });
  expect(refusalNow(it.pool, oneMore, it.now)).toMatchObject({ why: 'no-nic-config', config: 'zone-a' });
  expect([mostPods(it.pool, ['v4'], it.now), made(it)]).toEqual([0, []]);
  it.feed({ kind: 'placing', placing: places('zone-a', 'zone-a', 'zone-b') });
  it.passes(1_000);
  expect([refusalNow(it.pool, oneMore, it.now), made(it)]).toEqual([undefined, ['zone-a']]);
});

test('while the cluster has not told what the NICConfig says, warm addresses are given, and others waited for', () => {
  const placing = { own: 'zone-a', known: undefined };
  const it = new CloudDriver({ limits: large }, { placing }).start();
  it.add('p0');
  it.passes(10_000);
  expect([it.refusals.size, made(it)]).toEqual([0, []]);
  it.passes(60_000);
  expect(it.refusals.get('p0')).toMatchObject({ why: 'no-nic-config', heard: false });
});

test('a pod that asks for a NICConfig has an address of a NIC by it, made for it, and no other pod has one', () => {
  const it = new CloudDriver({ limits: large }, { placing: places(undefined, 'blue') }).start();
  it.add('x0', 60_000, { config: 'blue' });
  it.pods(12).passes(10_000);
  const held = configsOf(it).map((config, i) => [config ?? '', it.shape[i]]);
  expect([it.granted.size, Object.fromEntries(held)['blue']]).toEqual([13, 1]); // nobody else is to come
  it.remove('x0');
  it.passes(600_000);
  expect(configsOf(it)).toEqual([undefined, undefined]); // given back, since nobody needs it
});

test('a pod that asks for a NICConfig for which there is no NIC slot is told of the limit', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10) }, { placing: places(undefined, 'blue') }).start();
  it.add('x0', 60_000, { config: 'blue' });
  it.passes(1_000);
  expect(it.refusals.get('x0')).toMatchObject({ why: 'nic-limit', nics: 1, serving: 0 });
  expect(planOf(it.pool, it.now).map(({ config }) => config)).toEqual([undefined]);
});

test('a NIC that nothing of is in use makes room at once for a pod that needs one elsewhere', () => {
  const it = new CloudDriver({ limits: large }, { placing: places(undefined, 'blue') }).start();
  it.pods(27).passes(90_000);
  it.pods(8).passes(40_000); // they have cooled, and are not too much for long enough yet
  expect(configsOf(it)).toEqual([undefined, undefined, undefined]);
  it.add('x0', 60_000, { config: 'blue' });
  it.passes(5_000);
  expect([it.granted.has('x0'), configsOf(it)]).toEqual([true, [undefined, undefined, 'blue']]);
});

test('a NIC by another NICConfig that is too young to be given back: a pod is told how many NICs are for it, and served then', () => {
  const it = new CloudDriver({ limits: large }, { placing: places(undefined, 'blue') }).start();
  it.add('x0', 60_000, { config: 'blue' });
  it.passes(10_000).pods(18).passes(10_000);
  it.remove('x0');
  it.add('p18');
  it.passes(1_000);
  expect(it.refusals.get('p18')).toMatchObject({ nics: 3, limit: 3, serving: 2, claimed: 18 });
  it.passes(60_000);
  it.add('p18');
  it.passes(5_000);
  expect([it.granted.has('p18'), configsOf(it)]).toEqual([true, [undefined, undefined, undefined]]);
});

test('a subnet that is empty keeps no NIC from being made in another', () => {
  const it = new CloudDriver({ limits: large }, { placing: places(undefined, 'blue', 'red') }).start();
  it.failures.push('exhausted');
  it.add('x0', 60_000, { config: 'blue' });
  it.passes(1_000);
  expect(it.refusals.get('x0')).toMatchObject({ why: 'subnet-empty' });
  it.add('x1', 60_000, { config: 'red' });
  it.passes(5_000);
  expect(it.granted.has('x1')).toBe(true);
});

test('a node that is to use another NICConfig gives new pods addresses by that, and gives the old NICs back when they are empty', () => {
  const it = new CloudDriver({ limits: large }, { placing: places('zone-a', 'zone-a', 'zone-b') }).start();
  it.pods(3).passes(10_000);
  it.feed({ kind: 'placing', placing: places('zone-b', 'zone-a', 'zone-b') });
  it.add('x0');
  it.passes(10_000);
  expect(configsOf(it)).toEqual([undefined, 'zone-a', 'zone-b']);
  expect(mostPods(it.pool, ['v4'], it.now)).toBe(3 + 9);
  it.pods(0).passes(600_000);
  expect(configsOf(it)).toEqual([undefined, 'zone-b']);
});

test('what a NICConfig says anew holds for NICs that are made from then on: those there are go on', () => {
  const it = new CloudDriver({ limits: large }, { placing: places('zone-a', 'zone-a') }).start();
  it.pods(3).passes(10_000);
  it.feed({ kind: 'placing', placing: { own: 'zone-a', known: [place('zone-a', 'subnet-other')] } });
  it.pods(6).passes(10_000);
  expect([it.granted.size, configsOf(it)]).toEqual([6, [undefined, 'zone-a']]);
});

test('a NIC that nobody marked stands by the node’s own NICConfig when it stands in its subnet', () => {
  const placing = places('zone-a', 'zone-a');
  const nic = (of: Partial<NicReport>) => configOf(placing, { device: 1, subnet: 'subnet-zone-a', ...of } as NicReport);
  expect([nic({}), nic({ subnet: 'subnet-1' }), nic({ device: 0 })]).toEqual(['zone-a', undefined, undefined]);
  expect(nic({ config: 'zone-b' })).toBe('zone-b');
  expect(lackOfPlace(placing, 'zone-b')).toBe('missing');
});

test('a NICConfig is asked for by its name, or by its subnet: of two with one subnet the node’s own', () => {
  const known = [place('a', 'subnet-1'), place('b', 'subnet-1'), place('subnet-1', 'subnet-2'), place('c', 'subnet-3')];
  const asked = (said: string, own?: string) => placeAsked({ own, known }, said);
  expect(['b', 'subnet-1', 'subnet-3', 'subnet-4'].map((it) => asked(it))).toEqual(['b', 'subnet-1', 'c', undefined]);
  const two = known.slice(0, 2);
  expect([placeAsked({ own: 'b', known: two }, 'subnet-1'), placeAsked({ own: 'c', known: two }, 'subnet-1')]).toEqual([
    'b',
    'a',
  ]);
});
