import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { seeded } from '../../base/random.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { KubeError } from '../../io/kube/client.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { POD_SECURITY_GROUPS } from '../../wire/kube/crd/pod-security-groups.ts';
import { PODS, SERVICE_ACCOUNTS } from '../../wire/kube/resource.ts';
import type { Attachments } from './attachments.ts';
import { PodGroupsRunner } from './pod-groups-runner.ts';
import { PodRunner } from './pod-runner.ts';
import type { PoolRunner } from './pool-runner.ts';
import { HandClock } from './testing/hand-clock.ts';

// Pods that the watch tells of, and who is told that they will ask for a NIC of their own.

let clock: HandClock;
let store: ApiStore;
let told: string[];
let end: () => void;

beforeEach(async () => {
  [clock, store, told] = [new HandClock(), new ApiStore(), []];
  const client = new FakeKubeClient(store, clock);
  const kube = { client, random: seeded(1) };
  policy('web', { podSelector: { matchLabels: { app: 'web' } }, securityGroups: ['sg-1'] });
  const [attachments, pool] = [{ all: () => [] } as unknown as Attachments, { pool: {} } as PoolRunner];
  const pods = new PodRunner({ kube, clock, log: silent, nodeName: 'node-1', attachments, pool });
  const runner = new PodGroupsRunner({
    ...{ kube, clock, log: silent, pods },
    expect: ({ name }, groups) => told.push(`${name} ${groups.join()}`),
    forget: ({ name }) => told.push(`${name} goes`),
  });
  runner.start();
  await clock.pass(100); // the policies come before the pods
  pods.start(() => {});
  await clock.pass(100);
  end = () => {
    runner.stop();
    pods.stop();
  };
});
afterEach(() => end());

function policy(name: string, spec: object): void {
  store.create({ resource: POD_SECURITY_GROUPS, namespace: 'shop' }, { metadata: { name, namespace: 'shop' }, spec });
}

function bind(name: string, more: { readonly labels?: object; readonly spec?: object; readonly status?: object } = {}) {
  const { labels = { app: 'web' }, spec = {}, status = {} } = more;
  const pod = { metadata: { name, namespace: 'shop', labels }, spec: { nodeName: 'node-1', ...spec }, status };
  store.create({ resource: PODS, namespace: 'shop' }, pod);
}

test('A49: a pod that is bound and selected is expected once, whatever is told of it afterwards, and forgotten', async () => {
  bind('a');
  await clock.pass(100);
  expect(told).toEqual(['a sg-1']);
  const at = { resource: PODS, namespace: 'shop', name: 'a' };
  store.apply(at, { metadata: { annotations: { seen: 'twice' } } }, { manager: 'test', force: true });
  await clock.pass(100);
  expect(told).toEqual(['a sg-1']);
  store.remove(at);
  await clock.pass(100);
  expect(told).toEqual(['a sg-1', 'a goes']);
});

test('A49: one that ends before its runtime asked, as those that the kubelet turns away, is expected no more', async () => {
  bind('a');
  await clock.pass(100);
  const at = { resource: PODS, namespace: 'shop', name: 'a' };
  store.apply(at, { status: { phase: 'Failed' } }, { manager: 'test', force: true });
  await clock.pass(100);
  expect(told).toEqual(['a sg-1', 'a goes']);
});

test('A49: one that will never ask, or that nothing selects, is not expected', async () => {
  bind('of-the-host', { spec: { hostNetwork: true } });
  bind('addressed', { status: { podIP: '10.0.0.7' } });
  bind('ended', { status: { phase: 'Succeeded' } });
  bind('plain', { labels: {} });
  await clock.pass(100);
  expect(told).toEqual([]);
});

test('A49: where labels of service accounts decide they are asked for, and one that is not there has none', async () => {
  const serviceAccountSelector = { matchLabels: { pci: 'yes' } };
  policy('by-account', { serviceAccountSelector, securityGroups: ['sg-2'] });
  const metadata = { name: 'teller', namespace: 'shop', labels: { pci: 'yes' } };
  store.create({ resource: SERVICE_ACCOUNTS, namespace: 'shop' }, { metadata });
  await clock.pass(100);
  bind('both', { spec: { serviceAccountName: 'teller' } });
  bind('guest', { labels: {}, spec: { serviceAccountName: 'nobody' } });
  await clock.pass(100);
  expect(told).toEqual(['both sg-1,sg-2']);
});

test('A49: a server that has only begun is not believed that there is no SecurityGroupPolicy: it must know our kind first', async () => {
  const client = new FakeKubeClient(store, clock);
  const pods = { leaveOut: () => {}, watch: () => {} } as unknown as PodRunner;
  const kube = { client, random: seeded(1) };
  const runner = new PodGroupsRunner({ ...{ kube, clock, log: silent, pods }, expect: () => {}, forget: () => {} });
  client.fail(new KubeError('unserved', '404 page not found'));
  runner.start();
  await clock.pass(60_000);
  const refusal = { why: 'pod-groups-unknown', because: '404 page not found' };
  await expect(runner.groupsOf({ namespace: 'shop', name: 'a', uid: '' })).rejects.toMatchObject({ refusal });
  client.fail(undefined);
  await clock.pass(60_000);
  expect(await runner.groupsOf({ namespace: 'other', name: 'a', uid: '' })).toEqual([]);
  runner.stop();
});
