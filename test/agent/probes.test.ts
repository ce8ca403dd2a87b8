import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRun, NodeSpace, PATHS } from './node-space.ts';

const FOR_MS = 20_000;
const PROBE_MS = 1_000; //    a kubelet's patience with a probe, unless told otherwise
const FAILURES = 3; //        in a row, and the agent would be started again: the kubelet's default
const BUSY_A_CPU = 4; //      so that an agent has a fifth of one, and less

let node: NodeSpace;

beforeAll(async () => {
  if (!canRun) return;
  node = await NodeSpace.open({
    network: { ranges: ['10.81.0.0/24'] },
    paths: PATHS,
    log: { file: '/run/berth/agent.log', level: 'debug', fileLimit: 1 },
  });
}, 60_000);
afterAll(() => node?.close(), 30_000);

/** One probe: how long it took, or undefined when it was not answered in time. */
async function probe(path: string): Promise<number | undefined> {
  const began = performance.now();
  const late = new Promise<string>((resolve) => setTimeout(resolve, PROBE_MS, ''));
  const text = await Promise.race([node.ask(`GET ${path}`), late]);
  return text === '' ? undefined : performance.now() - began;
}

describe.skipIf(!canRun)('a machine that is busy with something else', () => {
  test('A73: probes are answered, pods come and go, and the log stays within its bound', async () => {
    const busy = Array.from({ length: BUSY_A_CPU * cpus().length }, () => spawn('sh', ['-c', 'while :; do :; done']));
    try {
      const end = performance.now() + FOR_MS;
      let [inARow, worst, pods] = [0, 0, 0];
      while (performance.now() < end) {
        for (const path of ['/healthz', '/readyz']) {
          inARow = (await probe(path)) === undefined ? inARow + 1 : 0;
          worst = Math.max(worst, inARow);
        }
        const id = `p${pods++}`;
        await node.add(id);
        expect(await node.del(id)).toMatchObject({ exitCode: 0 });
        node.sh(`ip netns delete ${id}`);
      }
      expect(worst).toBeLessThan(FAILURES);
      expect(pods).toBeGreaterThan(3);
    } finally {
      for (const it of busy) it.kill('SIGKILL');
    }
    const sizes = node.run('sh', '-c', 'wc -c /run/berth/agent.log*').trim().split('\n');
    expect(sizes[0]).toMatch(/ \/run\/berth\/agent\.log$/);
    for (const line of sizes) expect(Number.parseInt(line, 10)).toBeLessThanOrEqual(2 * 1024 * 1024);
  }, 90_000);
});
