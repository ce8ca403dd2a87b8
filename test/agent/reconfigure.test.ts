import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRun, NodeSpace, PATHS, until } from './node-space.ts';

const PEER = { name: 'other', addresses: ['192.0.2.2'], ranges: ['10.71.1.0/24'] };
const usual = { ranges: ['10.71.0.0/24'], cluster: ['10.71.0.0/16'] };
const WITHIN_MS = 3_000;

let node: NodeSpace;

beforeAll(async () => {
  if (!canRun) return;
  node = await NodeSpace.open({ network: usual, paths: PATHS });
}, 60_000);
afterAll(() => node?.close());

/** Edits the file; the agent notices by itself. */
function edit(network: object, more: object = {}): void {
  node.configure({ network: { ...usual, ...network }, paths: PATHS, ...more });
}

const peerRoutes = (range: string) => node.ip(`route show ${range}`).map(({ gateway, dev }) => `${gateway} ${dev}`);
const errors = () => node.logged('configuration not taken on').length;
/** Until whatever was noticed has been taken on. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 1_000));
const taken = () => node.logged('reconfigured').length;

describe.skipIf(!canRun)('a changed file is taken on while the agent runs', () => {
  test('K8, K9: the route to a peer comes, follows a change of its range, and goes with it', async () => {
    edit({ peers: [PEER] });
    await until(WITHIN_MS, 'the route is there', () => peerRoutes('10.71.1.0/24').includes('192.0.2.2 up0'));
    edit({ peers: [{ ...PEER, addresses: ['192.0.2.3'], ranges: ['10.71.9.0/24'] }] });
    await until(WITHIN_MS, 'the route has moved', () => peerRoutes('10.71.9.0/24').includes('192.0.2.3 up0'));
    expect(peerRoutes('10.71.1.0/24')).toEqual([]);
    edit({});
    await until(WITHIN_MS, 'the route is gone', () => peerRoutes('10.71.9.0/24').length === 0);
  });

  test('K10: ranges that are not masqueraded come and go in the set', async () => {
    edit({ masquerade: { except: ['203.0.113.0/24'] } });
    await until(WITHIN_MS, 'it is excepted', () => node.elements('internal4').includes('203.0.113.0/24'));
    edit({ cluster: ['10.71.0.0/16', '10.99.0.0/16'] });
    await until(WITHIN_MS, 'the cluster is larger', () => node.elements('internal4').includes('10.99.0.0/16'));
    expect(node.elements('internal4')).not.toContain('203.0.113.0/24');
  });

  test('a range that comes is given from; one that goes is not, and its pods stay', async () => {
    const before = await node.add('before');
    edit({ ranges: ['10.71.4.0/24'] });
    await until(WITHIN_MS, 'the range is another', async () =>
      (await node.ask('GET /v1/status')).includes('10.71.4.0'),
    );
    expect((await node.add('after')).ip).toMatch(/^10\.71\.4\./);
    expect(await node.call('CHECK', 'before', { prevResult: { cniVersion: '1.1.0' } })).toMatchObject({ exitCode: 0 });
    expect(node.ip(`route show ${before.ip}`)).toHaveLength(1);
    for (const id of ['before', 'after']) expect(await node.del(id)).toMatchObject({ exitCode: 0 });
  });

  test('a file that is wrong changes nothing and is told', async () => {
    edit({ peers: [PEER] });
    await until(WITHIN_MS, 'the route is there', () => peerRoutes('10.71.1.0/24').length === 1);
    const before = errors();
    node.configureRaw('network: { ranges: [not-a-range] }');
    await until(WITHIN_MS, 'it is told', () => errors() > before);
    expect(peerRoutes('10.71.1.0/24')).toHaveLength(1);
    expect(await node.ask('GET /readyz')).toContain('ready');
  });

  test('what waits for the next start is told, and not taken on before', async () => {
    edit({ mode: 'bridge', peers: [PEER] }, { pool: { cooldown: '1s' } });
    await until(WITHIN_MS, 'it is told', async () => (await node.ask('GET /v1/config')).includes('network.mode'));
    const { waiting, config } = JSON.parse(await node.ask('GET /v1/config')) as { waiting: string[]; config: Running };
    expect(waiting).toEqual(['network.mode', 'pool.cooldown']);
    expect(config).toMatchObject({ network: { mode: 'routed' }, pool: { cooldown: '30s' } });
    expect(node.sh('ip -o link show')).not.toContain('berth0');
    await node.end();
    await node.start();
    expect(node.sh('ip -o link show')).toContain('berth0');
  });

  test('K8, K9, K10: SIGHUP has the same effect where no edit is heard', async () => {
    edit({});
    await until(WITHIN_MS, 'no peer is left', () => peerRoutes('10.71.1.0/24').length === 0);
    node.configureElsewhere();
    await quiet();
    const before = taken();
    edit({ peers: [PEER], masquerade: { except: ['203.0.113.0/24'] } });
    await quiet();
    expect(taken()).toBe(before);
    node.hangUp();
    await until(WITHIN_MS, 'the route is there', () => peerRoutes('10.71.1.0/24').includes('192.0.2.2 up0'));
    expect(node.elements('internal4')).toContain('203.0.113.0/24');
    edit({});
    node.hangUp();
    await until(WITHIN_MS, 'the route is gone', () => peerRoutes('10.71.1.0/24').length === 0);
  });
});

interface Running {
  readonly network: { readonly mode: string };
  readonly pool: { readonly cooldown: string };
}
