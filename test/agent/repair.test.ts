import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRun, NodeSpace, PATHS, type Pod, until } from './node-space.ts';

let node: NodeSpace;
let pod: Pod;

beforeAll(async () => {
  if (!canRun) return;
  const network = { ranges: ['10.70.0.0/24'], cluster: ['10.70.0.0/16'] };
  node = await NodeSpace.open({ network, paths: PATHS });
  const runtimeConfig = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] };
  pod = await node.add('p1', { runtimeConfig });
}, 60_000);
afterAll(() => node?.close());

const inPod = (line: string) => node.sh(`ip -n p1 ${line}`);

/** What stands of the pod, as programs of others print it. Numbers that a new link gets anew are left out. */
function standing(): string {
  const links = [node.sh(`ip -o address show dev ${pod.hostLink}`), inPod('-o address show dev eth0')];
  const told = [
    ...links,
    inPod('route show'),
    inPod('neighbour show nud permanent'),
    node.sh(`ip route show dev ${pod.hostLink}`),
    node.sh(`ip neighbour show dev ${pod.hostLink} nud permanent`),
    node.elements('pods4'),
    node.elements('ports4'),
    node.elements('internal4'),
  ].join('\n');
  return told.replace(/^\d+: /gm, '').replace(/@if\d+|link-netnsid \d+|inet6 fe80\S+.*$/gm, '');
}

/** What is deleted, and how. */
const deletions: readonly (readonly [string, () => unknown])[] = [
  ['the host end of the link, and so all of it', () => node.sh(`ip link delete ${pod.hostLink}`)],
  ["the pod's end of the link", () => inPod('link delete eth0')],
  ['the host end set down', () => node.sh(`ip link set ${pod.hostLink} down`)],
  ["the pod's address", () => inPod('address flush dev eth0 scope global')],
  ["the pod's default route", () => inPod('route delete default')],
  ["the pod's neighbour", () => inPod('neighbour flush nud permanent')],
  ['the route to the pod', () => node.sh(`ip route delete ${pod.ip}`)],
  ['its element of a set', () => node.sh(`nft delete element inet berth pods4 { ${pod.hostLink} . ${pod.ip} }`)],
  ['its host port', () => node.sh('nft flush map inet berth ports4')],
  ['the whole table', () => node.sh('nft delete table inet berth')],
];

describe.skipIf(!canRun)('what others delete is back within a second', () => {
  test.each(deletions)('%s', async (_, destroy) => {
    const before = standing();
    const repaired = await node.metric('berth_repaired_items_total');
    destroy();
    const tookMs = await until(3_000, 'all is back', () => {
      try {
        return standing() === before;
      } catch {
        return false; // a link that is not there yet
      }
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${diff(before)}`);
    });
    expect(tookMs).toBeLessThan(1_500); // a second, and what a busy machine needs to look
    await until(1_000, 'it is counted', async () => (await node.metric('berth_repaired_items_total')) > repaired);
    expect(node.logged('repaired').length).toBeGreaterThan(0);
    expect(JSON.parse(await node.ask('GET /v1/status'))).toMatchObject({ repairLimits: [] });
  });

  test('`why` tells what the pod had lost', async () => {
    expect((await node.why('p1/eth0')).length + (await node.why(pod.ip)).length).toBeGreaterThan(0);
    expect((await node.why(pod.ip)).join('\n')).toContain('had lost');
  });

  test('what is not ours is not touched', async () => {
    node.sh('ip link add foreign0 type bridge');
    node.sh('ip route add 198.51.100.0/24 dev up0');
    node.sh('nft add table inet foreign');
    inPod('address add 203.0.113.9/32 dev eth0');
    const before = standing();
    node.sh('nft delete table inet berth');
    await until(3_000, 'the table is back', () => node.sh('nft list tables').includes('berth'));
    await until(3_000, 'all is back', () => standing() === before);
    expect(node.sh('nft list tables')).toContain('foreign');
    expect(node.sh('ip route show')).toContain('198.51.100.0/24');
    expect(node.sh('ip -o link show')).toContain('foreign0');
    expect(inPod('-o address show dev eth0')).toContain('203.0.113.9');
    inPod('address delete 203.0.113.9/32 dev eth0');
  });

  test('a MAC that a plugin behind us gives to the pod stays, and its neighbour on the node follows', async () => {
    inPod('link set eth0 address 02:11:22:33:44:55');
    await until(3_000, 'the neighbour follows', () =>
      node.sh(`ip neighbour show dev ${pod.hostLink} nud permanent`).includes('02:11:22:33:44:55'),
    );
    expect(inPod('-o link show dev eth0')).toContain('02:11:22:33:44:55');
  });

  test('the pod goes with everything', async () => {
    expect(await node.del('p1')).toMatchObject({ exitCode: 0 });
    expect(node.sh('ip -o link show')).not.toContain(pod.hostLink);
    expect(node.elements('pods4')).not.toContain(pod.ip);
  });
});

function diff(before: string): string {
  const now = new Set(standing().split('\n'));
  return before
    .split('\n')
    .filter((line) => !now.has(line))
    .join('\n');
}
