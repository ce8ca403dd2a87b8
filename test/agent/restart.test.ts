import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRun, NodeSpace, PATHS, type Pod, until } from './node-space.ts';

const PODS = 500;
let node: NodeSpace;
const pods: Pod[] = [];

beforeAll(async () => {
  if (!canRun) return;
  node = await NodeSpace.open({ network: { ranges: ['10.72.0.0/22'] }, paths: PATHS });
  for (let i = 0; i < PODS; i++) pods.push(await node.add(`p${i}`));
}, 180_000);
afterAll(() => node?.close(), 60_000);

describe.skipIf(!canRun)(`an agent that starts again with ${PODS} pods`, () => {
  test('answers the first ADD within a second or so, and gives no address twice', async () => {
    await node.end('SIGKILL');
    const tookMs = await node.start();
    pods.push(await node.add('again'));
    expect(new Set(pods.map(({ ip }) => ip)).size).toBe(PODS + 1);
    expect(tookMs).toBeLessThan(2_500); // the benchmark has the goal of 1 s; here others use the machine as well
  }, 30_000);

  test('has lost its journal: what lives is read off the kernel, and its addresses are given to nobody', async () => {
    await node.end('SIGKILL');
    node.run('sh', '-c', `rm -f ${PATHS.state}/journal-*`);
    await node.start();
    // The pipe holds fewer lines than these: the last ones wait in the agent until somebody has read the first.
    await until(5_000, 'each is told', () => node.logged('rescued').length >= PODS + 1);
    expect(node.logged('rescued')).toHaveLength(PODS + 1);
    pods.push(await node.add('later'));
    expect(new Set(pods.map(({ ip }) => ip)).size).toBe(PODS + 2);
    expect(JSON.parse(await node.ask('GET /v1/status'))).toMatchObject({ attachments: PODS + 2, ready: true });
  }, 30_000);

  test('takes back what it has rescued', async () => {
    for (const { id, ip, hostLink } of pods.slice(0, 10)) {
      expect(await node.del(id)).toMatchObject({ exitCode: 0 });
      expect(node.ip(`route show ${ip}`)).toEqual([]);
      expect(node.elements('pods4')).not.toContain(hostLink);
    }
    const left = async () => (JSON.parse(await node.ask('GET /v1/status')) as { attachments: number }).attachments;
    await until(1_000, 'ten are gone', async () => (await left()) === PODS - 8);
  }, 30_000);
});
