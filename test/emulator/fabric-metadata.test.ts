import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Id } from '../../emulator/cloud/nouns.ts';
import type { MetadataHandler } from '../../emulator/fabric/metadata-answer.ts';
import { isRoot } from '../kernel/space.ts';
import { addresses, SmallCloud } from './small-cloud.ts';
import { Stage } from './stage.ts';

// Metadata as instances and the pods on them ask for it.
//   i-a 10.0.1.10 with a pod 10.0.1.20 one hop behind, i-b 10.0.1.11

const TREE = 'http://169.254.169.254/latest/meta-data/instance-id';
const TOKEN = 'http://169.254.169.254/latest/api/token';
/** Prints the body, or "nothing". */
const get = (url: string, ...options: readonly string[]) =>
  `curl -gsS -m 1 ${options.join(' ')} '${url}' || echo nothing`;
const inPod = (command: string) => `ip netns exec pod sh -c "${command}" 2>/dev/null`;

describe.skipIf(!isRoot)('metadata', () => {
  const cloud = new SmallCloud();
  const askers = new Map<Socket, Id | undefined>();
  let hops = 1;
  let stage: Stage;
  const handler: MetadataHandler = (instance, { method, path, headers, body }) => ({
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: method === 'PUT' ? `a token${body}` : `${instance} ${path} ${headers['x-token'] ?? ''}`.trim(),
    ...(method === 'PUT' ? { hops } : {}),
  });

  beforeAll(async () => {
    cloud.subnet('subnet-a', 'z1', '10.0.1.0/24', 'fd10:0:0:1::/64');
    const own = {
      addresses: addresses('10.0.1.10', '10.0.1.20'),
      addresses6: addresses('fd10:0:0:1::10', 'fd10:0:0:1::20'),
    };
    cloud.machine('a', 'subnet-a', '10.0.1.10', own);
    cloud.machine('b', 'subnet-a', '10.0.1.11');
    cloud.nic('eni-a2', 'subnet-a', '10.0.1.30', { at: ['i-a', 1] });
    const api = createServer((request, response) => response.end(`${request.url} of ${askers.get(request.socket)}`));
    const take = (socket: Socket, from: Id | undefined) => {
      askers.set(socket, from);
      api.emit('connection', socket);
    };
    stage = await Stage.open(cloud, { metadata: handler, api: take });
    await stage.run(
      'i-a',
      `set -e; ip netns add pod; ip link add pod0 type veth peer name eth0 netns pod; ip link set pod0 up
      sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.pod0.proxy_arp=1; ip route add 10.0.1.20 dev pod0
      ip -n pod address add 10.0.1.20/32 dev eth0; ip -n pod link set eth0 up
      ip -n pod route add 169.254.1.1 dev eth0; ip -n pod route add default via 169.254.1.1
      sysctl -qw net.ipv6.conf.all.forwarding=1; ip address add fe80::1/64 dev pod0 nodad
      ip route add fd10:0:0:1::20 dev pod0; ip -n pod address add fd10:0:0:1::20/128 dev eth0 nodad
      ip -n pod -6 route add default via fe80::1 dev eth0`,
    );
  });
  afterAll(() => stage?.close());

  test('each instance is answered as itself, on IPv4 and IPv6, and no link of it has the address', async () => {
    expect(await stage.run('i-a', get(TREE))).toBe('i-a /latest/meta-data/instance-id');
    expect(await stage.run('i-b', get(TREE))).toBe('i-b /latest/meta-data/instance-id');
    expect(await stage.run('i-a', get('http://[fd00:ec2::254]/x?y=1', '-H "X-Token: t"'))).toBe('i-a /x?y=1 t');
    expect(await stage.run('i-a', 'ip address')).not.toContain('169.254.169.254');
  });

  test('a token that lives one hop reaches the instance and not the pod behind it; the tree reaches both', async () => {
    expect(await stage.run('i-a', get(TOKEN, '-X PUT'))).toBe('a token');
    expect(await stage.run('i-a', inPod(get(TREE)))).toBe('i-a /latest/meta-data/instance-id');
    expect(await stage.run('i-a', inPod(get(TOKEN, '-X PUT')))).toBe('nothing');
    hops = 2;
    expect(await stage.run('i-a', inPod(get(TOKEN, '-X PUT')))).toBe('a token');
  });

  test('the same holds for IPv6', async () => {
    const token6 = 'http://[fd00:ec2::254]/latest/api/token';
    hops = 1;
    expect(await stage.run('i-a', get(token6, '-X PUT'))).toBe('a token');
    expect(await stage.run('i-a', inPod(get(token6, '-X PUT')))).toBe('nothing');
    hops = 2;
    expect(await stage.run('i-a', inPod(get(token6, '-X PUT')))).toBe('a token');
  });

  test('the limit is of the answer, not of the connection: what is asked after a token comes', async () => {
    hops = 1;
    const both = `curl -gsS -m 2 -X PUT '${TOKEN}' --next -gsS -m 2 '${TREE}'`;
    expect(await stage.run('i-a', both)).toBe('a tokeni-a /latest/meta-data/instance-id');
  });

  test("the cloud's API is reached from instances and pods, and knows the instance", async () => {
    expect(await stage.run('i-b', get('http://169.254.169.200/v1'))).toBe('/v1 of i-b');
    expect(await stage.run('i-a', inPod(get('http://169.254.169.200/v2')))).toBe('/v2 of i-a');
  });

  test('behind a secondary NIC nobody answers, and the drop is told', async () => {
    await stage.run(
      'i-a',
      'ip address add 10.0.1.30/32 dev eth1; ip link set eth1 up; ip route add 10.0.1.1 dev eth1 table 2',
    );
    await stage.run('i-a', 'ip route add default via 10.0.1.1 dev eth1 table 2; ip rule add from 10.0.1.30 table 2');
    expect(await stage.run('i-a', `${get(TREE, '--interface 10.0.1.30', '-m 3')} 2>/dev/null`)).toContain('nothing');
    expect(stage.drops()).toEqual([
      'metadata was asked for from 10.0.1.30 of eni-a2, and is only behind the primary NIC',
    ]);
  });

  test('who takes the address of another is dropped before anybody asks who it is', async () => {
    await stage.run('i-b', `ip address add 10.0.1.10/32 dev eth0; ${get(TREE, '--interface 10.0.1.10')}`);
    expect(stage.drops()).toEqual(['10.0.1.10 sent from eni-b which does not hold it: eni-a does']);
  });
});
