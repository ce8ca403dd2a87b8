import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRun, NodeSpace, PATHS } from './node-space.ts';

let node: NodeSpace;

beforeAll(async () => {
  if (!canRun) return;
  node = await NodeSpace.open({ network: { ranges: ['10.73.0.0/24', 'fd73::/64'] }, paths: PATHS });
}, 60_000);
afterAll(() => node?.close());

const status = async () => JSON.parse(await node.ask('GET /v1/status')) as { attachments: number; pools: Pools };
type Pools = readonly { readonly family: string; readonly claimed: number; readonly cooling: number }[];

describe.skipIf(!canRun)('what an agent keeps, and from whom', () => {
  test('a second agent of the same state directory says who is in its way, and harms nobody', async () => {
    const pod = await node.add('first');
    const { code, said } = await node.second();
    expect(code).not.toBe(0);
    expect(said).toContain(`${PATHS.state} is in use by another agent`);
    expect(await node.ask('GET /readyz')).toContain('ready');
    expect(await node.call('CHECK', 'first', { prevResult: pod.result })).toMatchObject({ exitCode: 0 });
    expect(await node.del('first')).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ['tcp', '127.0.0.1', {}, 102],
    ['tcp', '::', {}, 102],
    ['udp', '0.0.0.0', {}, 102],
    ['tcp', '127.0.0.1', { hostIP: '192.0.2.1' }, undefined],
    ['tcp', '192.0.2.1', { hostIP: '192.0.2.1' }, 102],
  ] as const)(
    'a host port that a process has by %s at %s, asked for with %j: code %s',
    async (protocol, at, more, code) => {
      const listener = await listen(protocol, at);
      const portMappings = [{ protocol, hostPort: 7777, containerPort: 80, ...more }];
      const answer = await node.attach('wants', { runtimeConfig: { portMappings } });
      listener.kill();
      const said = JSON.parse(answer.stdout) as { code?: number; msg?: string };
      expect(said.code).toBe(code);
      if (code !== undefined) expect(said.msg).toMatch(/^host port 7777\/\w+ is held by \S+ \(pid \d+\)$/);
      if (code !== undefined) expect((await node.why('wants')).at(-1)).toContain('host port 7777');
      expect(await node.del('wants')).toMatchObject({ exitCode: 0 });
      node.sh('ip netns delete wants');
    },
  );

  test('C19, C20: CHECK finds an MTU that nobody told of, believes one that is told, and repair leaves both', async () => {
    const { result } = await node.add('tuned');
    node.sh('ip -n tuned link set eth0 mtu 1280');
    const untold = await node.call('CHECK', 'tuned', { prevResult: result });
    expect(JSON.parse(untold.stdout)).toMatchObject({ code: 105, details: expect.stringContaining('set "mtu" in') });
    const text = JSON.stringify(result).replaceAll('"mtu":1500', '"mtu":1280');
    expect(await node.call('CHECK', 'tuned', { prevResult: JSON.parse(text) as object })).toMatchObject({
      exitCode: 0,
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(node.ip('-n tuned link show eth0')).toMatchObject([{ mtu: 1280 }]);
    expect(await node.del('tuned')).toMatchObject({ exitCode: 0 });
  });

  test('A18: after a reboot nobody is attached, and what was cooling goes on cooling', async () => {
    for (const id of ['a', 'b', 'c']) await node.add(id);
    await node.del('a');
    expect((await status()).pools[0]).toMatchObject({ claimed: 2 });
    const { cooling = 0 } = (await status()).pools[0] ?? {};
    await node.reboot();
    await node.start();
    const { attachments, pools } = await status();
    expect(attachments).toBe(0);
    expect(pools[0]).toMatchObject({ family: 'v4', claimed: 0 });
    expect(pools[0]?.cooling).toBeGreaterThanOrEqual(cooling);
    expect(await node.del('b')).toMatchObject({ exitCode: 0 });
    expect((await node.add('fresh')).ip).toMatch(/^10\.73\.0\./);
  });
});

/** A process of the node that waits on port 7777. */
async function listen(protocol: 'tcp' | 'udp', at: string) {
  const script =
    protocol === 'tcp'
      ? `require('net').createServer().listen(7777, '${at}', () => console.log('listens'))`
      : `require('dgram').createSocket('udp4').bind(7777, '${at}', () => console.log('listens'))`;
  const [program, ...args] = node.inside(process.execPath, '-e', script);
  const child = spawn(program ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}
