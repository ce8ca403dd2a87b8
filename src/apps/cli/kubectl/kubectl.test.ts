import { expect, test } from 'vitest';
import type { BerthNodeStatus } from '../../../wire/kube/crd/berth-node.ts';
import type { Terminal } from '../terminal.ts';
import { ClusterQuestions } from './cluster.ts';
import type { Said } from './kubectl.ts';
import { onNode } from './on.ts';
import { clusterNics, clusterPools, clusterStatus } from './tables.ts';
import { kubectlWhy } from './why.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const SYSTEM = '-n kube-system';

const status: BerthNodeStatus = {
  version: '0.1.0',
  provider: 'aws',
  ready: true,
  problems: [],
  nics: 2,
  used: 12,
  free: '8',
  cooling: 1,
  families: [{ family: 'v4', held: '21', used: 12, free: '8', cooling: 1, coming: 0, waiting: 0 }],
  nicList: [{ id: 'eni-1', device: 0, subnet: 'subnet-1', state: 'ready', used: 12, free: 8, cooling: 1 }],
};

const pod = (name: string, spec: object, more: object = {}) => ({
  metadata: { name, namespace: 'web' },
  spec,
  status: more,
});
const agent = (name: string, node: string, state: object = { running: {} }) => ({
  metadata: { name, namespace: 'kube-system' },
  spec: { nodeName: node },
  status: { containerStatuses: [{ state }] },
});
const list = (...items: readonly object[]) => ({ items });
const berthNode = (name: string, more: Partial<BerthNodeStatus> = {}) => ({
  metadata: { name },
  status: { ...status, ...more },
});

const notFound: Said = { code: 1, out: '', err: 'Error from server (NotFound): pods "x" not found' };
const fine = (out: string): Said => ({ code: 0, out, err: '' });

/** What kubectl answers, by its words; what is not there is not found. */
function cluster(answers: Readonly<Record<string, object>>) {
  const asked: string[] = [];
  const kubectl = (words: readonly string[]): Promise<Said> => {
    const line = words.join(' ').replace(/^get | -o json$/g, '');
    asked.push(line);
    const answer = answers[line];
    if (answer === undefined) return Promise.resolve(notFound);
    return Promise.resolve('code' in answer ? (answer as Said) : fine(JSON.stringify(answer)));
  };
  return { asked, questions: new ClusterQuestions(kubectl, 'kube-system') };
}

function screen(): Terminal & { readonly said: () => string; readonly warned: () => string } {
  let [said, warned] = ['', ''];
  return {
    out: (text) => void (said += text),
    err: (text) => void (warned += text),
    colour: false,
    environment: {},
    now: () => NOW,
    said: () => said,
    warned: () => warned,
  };
}

const AGENTS = `pods ${SYSTEM} -l app.kubernetes.io/name=berth`;
const ON_ONE = `${AGENTS} --field-selector spec.nodeName=node-1`;
const EVENTS = 'events -n web --field-selector involvedObject.name=a,source=berth';
const exec = (name: string, words: string) => `exec ${SYSTEM} ${name} -c agent -- berth ${words}`;

test('why asks the agent of the node that the pod is on', async () => {
  const { questions } = cluster({
    'pod a -n web': pod('a', { nodeName: 'node-1' }),
    [ON_ONE]: list(agent('berth-x', 'node-1')),
    [exec('berth-x', 'why web/a')]: fine('12:00   web/a got 10.0.0.7\n'),
  });
  const terminal = screen();
  expect(await kubectlWhy(terminal, questions, { query: 'pod/a', namespace: 'web' })).toBe('ok');
  expect(terminal.said()).toBe('web/a is on node-1.\n12:00   web/a got 10.0.0.7\n');
});

test.each(['a', 'pod/a', 'web/a'])('why takes a pod as people write it: %s', async (query) => {
  const { questions, asked } = cluster({ 'pod a -n web': pod('a', { nodeName: 'node-1', hostNetwork: true }) });
  await kubectlWhy(screen(), questions, { query, namespace: 'web' });
  expect(asked).toEqual(['pod a -n web']);
});

test('why finds the pod of an address, and none of those that share it with their node', async () => {
  const { questions } = cluster({
    'pods -A --field-selector status.podIP=10.0.0.7': list(
      pod('proxy', { nodeName: 'node-1', hostNetwork: true }),
      pod('a', { nodeName: 'node-1' }),
    ),
    [ON_ONE]: list(agent('berth-x', 'node-1')),
    [exec('berth-x', 'why web/a')]: fine('12:00   web/a got 10.0.0.7\n'),
  });
  const terminal = screen();
  await kubectlWhy(terminal, questions, { query: '10.0.0.7', namespace: undefined });
  expect(terminal.said()).toContain('web/a got 10.0.0.7');
});

test('why of a pod that no node has says what the scheduler says', async () => {
  const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }];
  const { questions } = cluster({ 'pod a': pod('a', {}, { conditions }) });
  const terminal = screen();
  await kubectlWhy(terminal, questions, { query: 'a', namespace: undefined });
  expect(terminal.said()).toBe('web/a is bound to no node yet: 0/3 nodes are available.\n');
});

test('why with the agent away tells what was told before: Events of the pod, and what is wrong with its node', async () => {
  const { questions } = cluster({
    'pod a -n web': pod('a', { nodeName: 'node-1' }),
    [ON_ONE]: list(agent('berth-x', 'node-1', { waiting: { reason: 'CrashLoopBackOff' } })),
    [EVENTS]: list({
      metadata: { name: 'e' },
      lastTimestamp: '2026-11-21T11:59:00Z',
      message: 'web/a was refused: no address is free',
    }),
    'berthnodes node-1': berthNode('node-1', { ready: false, problems: ['no IPv4 address is free on this node'] }),
  });
  const terminal = screen();
  expect(await kubectlWhy(terminal, questions, { query: 'a', namespace: 'web' })).toBe('ok');
  expect(terminal.said()).toContain('2026-11-21T11:59:00Z   web/a was refused: no address is free');
  expect(terminal.said()).toContain('node-1: no IPv4 address is free on this node');
  expect(terminal.warned()).toContain('none runs there');
});

test('why of a pod that is gone asks every agent', async () => {
  const { questions } = cluster({
    [AGENTS]: list(agent('berth-x', 'node-1'), agent('berth-y', 'node-2')),
    [exec('berth-x', 'why web/a')]: { code: 5, out: '', err: 'berth: nothing was decided' },
    [exec('berth-y', 'why web/a')]: fine('11:00   web/a gave 10.0.0.7 back\n'),
  });
  const terminal = screen();
  await kubectlWhy(terminal, questions, { query: 'web/a', namespace: undefined });
  expect(terminal.said()).toBe('There is no pod web/a now.\nOn node-2:\n11:00   web/a gave 10.0.0.7 back\n');
  const nobody = cluster({ [AGENTS]: list() }).questions;
  await expect(kubectlWhy(screen(), nobody, { query: 'web/a', namespace: undefined })).rejects.toMatchObject({
    kind: 'nobody',
  });
});

test('status shows each node, what is wrong, agents that do not run, and who leads', async () => {
  const lastRefusal = { at: '2026-11-21T11:58:00Z', why: 'subnet-empty', says: 'no', pod: 'web/a' };
  const { questions } = cluster({
    berthnodes: list(berthNode('node-1'), berthNode('node-2', { ready: false, problems: ['it hurts'], lastRefusal })),
    [AGENTS]: list(agent('berth-x', 'node-1'), agent('berth-y', 'node-2', { waiting: {} })),
    [`lease berth-controller ${SYSTEM}`]: { metadata: { name: 'l' }, spec: { holderIdentity: 'berth-controller-1' } },
  });
  const terminal = screen();
  expect(await clusterStatus(terminal, questions, 'table')).toBe('found');
  expect(terminal.said().split('\n')).toEqual([
    'NODE     READY   NICS   USED   FREE   COOLING   LAST REFUSAL                   VERSION',
    'node-1   yes     2      12     8      1         <none>                         0.1.0',
    'node-2   no      2      12     8      1         subnet-empty (web/a), 2m ago   0.1.0',
    '',
    'The controller that leads: berth-controller-1',
    'node-2: its agent berth-y does not run',
    'node-2: it hurts',
    '',
  ]);
});

test('pools and nics show all nodes, from what their agents told', async () => {
  const { questions } = cluster({ berthnodes: list(berthNode('node-1')) });
  const [pools, nics] = [screen(), screen()];
  await clusterPools(pools, questions, 'table');
  await clusterNics(nics, questions, 'table');
  expect(pools.said()).toMatch(/^node-1 +aws +IPv4 +21 +12 +8 +1 +0 +0$/m);
  expect(nics.said()).toMatch(/^node-1 +eni-1 +0 +subnet-1 +ready +12 +8 +1$/m);
});

test('on runs any command in the agent of a node, and ends as it ended', async () => {
  const { questions } = cluster({
    [ON_ONE]: list(agent('berth-x', 'node-1')),
    [exec('berth-x', 'explain web/a -o yaml')]: {
      code: 4,
      out: '{}',
      err: 'it differs\ncommand terminated with exit code 4\n',
    },
  });
  const terminal = screen();
  const words = ['explain', 'web/a', '-o', 'yaml'];
  expect(await onNode(terminal, questions, { node: 'node-1', words })).toBe('found');
  expect([terminal.said(), terminal.warned()]).toEqual(['{}', 'it differs\n']);
  await expect(onNode(terminal, questions, { node: 'node-9', words })).rejects.toMatchObject({ kind: 'away' });
});
