import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prefix } from '../../../base/ip.ts';
import { parseConfig } from '../../../io/config/load.ts';
import { nodeFiles } from '../../../io/system/node-files.ts';
import { SocketError } from '../../../io/system/socket-error.ts';
import type { AgentStatus, Finding } from '../../../wire/agent/status.ts';
import { examine } from './doctor.ts';
import type { NodeView } from './view.ts';

let root: string;
let state: string;

const CONFLIST = '/etc/cni/net.d/10-berth.conflist';
const SYMBOLS = [
  'veth_newlink',
  'nf_tables_newtable',
  'nft_nat_init',
  'nft_masq_init',
  'nft_fib_inet_eval',
  'nf_conntrack_in',
  'tbf_init',
  'br_dev_newlink',
  'vxlan_newlink',
];
const list = (more: object = {}) =>
  JSON.stringify({ cniVersion: '1.0.0', name: 'berth', plugins: [{ type: 'berth-cni' }], ...more });

/** A node on which all is well. */
const WELL: Readonly<Record<string, string>> = {
  [CONFLIST]: list(),
  '/opt/cni/bin/berth-cni': '#!',
  '/etc/os-release': 'ID=debian\n',
  '/proc/kallsyms': SYMBOLS.map((symbol) => `0000000000000000 t ${symbol}\n`).join(''),
  '/proc/sys/kernel/osrelease': '6.1.0-test\n',
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/proc/sys/net/ipv6/conf/all/forwarding': '1\n',
  '/proc/sys/net/ipv6/conf/all/disable_ipv6': '0\n',
  '/proc/sys/net/ipv4/conf/all/rp_filter': '0\n',
  '/proc/sys/net/ipv4/conf/eth0/forwarding': '1\n',
  '/proc/sys/net/ipv6/conf/eth0/mtu': '1500\n',
  '/proc/sys/net/netfilter/nf_conntrack_count': '10\n',
  '/proc/sys/net/netfilter/nf_conntrack_max': '1000\n',
  '/proc/net/route':
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n' +
    'eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' +
    'eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
};

const AGENT = {
  version: '0.1.0',
  attachments: 1,
  degraded: [] as string[],
  pools: [{ family: 'v4' }],
} as unknown as AgentStatus;
const NOW = Date.now();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-node-'));
  state = '/var/lib/berth';
  for (const [path, text] of Object.entries(WELL)) put(path, text);
  put(`${state}/journal.1`, '');
});

afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), path.startsWith('/opt/cni/bin') ? 0o755 : 0o644);
}

const gone = (path: string) => rmSync(join(root, path));

/** What the doctor finds that is not well. */
async function troubles(more: Partial<NodeView> = {}, config = ''): Promise<string[]> {
  const all = await findings(more, config);
  return all.filter(({ state: it }) => it !== 'ok').map((it) => `${it.state} ${it.check}: ${it.says}`);
}

async function findings(more: Partial<NodeView> = {}, config = ''): Promise<readonly Finding[]> {
  const text = `network: { ranges: [10.1.0.0/24, 'fd00::/64'], ${config} }`;
  return examine({
    files: nodeFiles(root),
    config: parseConfig(text).config,
    now: NOW,
    agent: AGENT,
    settings: { file: '/etc/berth/config.yaml', there: true, running: undefined },
    cni: { confDir: '/etc/cni/net.d', binDir: '/opt/cni/bin' },
    runtime: { name: 'containerd', version: '1.7.24' },
    cniStatus: async () => ({ exitCode: 0, stdout: '' }),
    droppedRanges: async () => [],
    legacyUnclear: () => undefined,
    ...more,
  });
}

test('of a node that is well everything is good', async () => {
  const all = await findings();
  expect(all.filter(({ state: it }) => it !== 'ok')).toEqual([]);
  expect(new Set(all.map(({ check }) => check))).toEqual(
    new Set(['agent', 'socket', 'conflist', 'kernel', 'forwarding', 'forward', 'mtu', 'conntrack', 'disk', 'clock']),
  );
});

test('everything that is not well comes with advice', async () => {
  for (const path of [CONFLIST, '/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/disable_ipv6'])
    gone(path);
  put('/run/NetworkManager/x', '');
  put('/run/systemd/netif/state', '');
  const all = await findings({ agent: undefined, droppedRanges: async (ranges) => ranges });
  const bad = all.filter(({ state: it }) => it === 'problem' || it === 'warning');
  expect(bad.length).toBeGreaterThan(6);
  expect(bad.filter(({ advice }) => !advice)).toEqual([]);
});

test('an agent that is away, and one that is not well', async () => {
  const away = new SocketError('absent', 'nobody');
  const cniStatus = () => Promise.reject(away);
  expect(await troubles({ agent: undefined, cniStatus })).toEqual([
    'problem agent: none answers on /run/berth/admin.sock',
    'skipped socket: no agent',
  ]);
  const agent = { ...AGENT, degraded: ['no address is free'] };
  const stdout = '{"code":50,"msg":"not ready","details":"no address is free"}';
  expect(await troubles({ agent, cniStatus: async () => ({ exitCode: 1, stdout }) })).toEqual([
    'problem agent: no address is free',
    'problem socket: STATUS says: not ready',
  ]);
  expect(await troubles({ cniStatus })).toEqual(['problem socket: nobody']);
});

test('a socket that the CNI executable does not know is told of', async () => {
  expect(await troubles({ config: parseConfig('paths: { socket: /run/other.sock }').config })).toContain(
    'warning socket: the CNI executable looks for the agent on /run/berth/agent.sock, and it is on /run/other.sock',
  );
});

test('another configuration that comes first by name is a problem, one that comes later is none', async () => {
  put('/etc/cni/net.d/99-other.conflist', '{}');
  put('/etc/cni/net.d/00-readme.txt', '');
  expect(await troubles()).toEqual([]);
  put('/etc/cni/net.d/05-flannel.conf', '{"type":"flannel"}');
  expect(await troubles()).toEqual([
    'problem conflist: /etc/cni/net.d/05-flannel.conf comes before 10-berth.conflist: runtimes take the first by name',
  ]);
});

const LISTS: readonly (readonly [string, string, string])[] = [
  ['no JSON', '{', 'nothing in /etc/cni/net.d names berth-cni'],
  [
    'a plugin that is not there',
    list({ plugins: [{ type: 'berth-cni' }, { type: 'sbr' }] }),
    '/opt/cni/bin/sbr is not there or not executable',
  ],
  ['a version nobody speaks', list({ cniVersion: '9.9.9' }), `${CONFLIST}: `],
  ['no name', list({ name: undefined }), `${CONFLIST}: `],
  [
    'a version that this containerd refuses',
    list({ cniVersion: '1.1.0' }),
    'containerd 1.7.24 refuses a list of version 1.1.0 whole',
  ],
];

test.each(LISTS)('a conflist with %s is a problem', async (_name, text, says) => {
  put(CONFLIST, text);
  const [first = '', ...more] = await troubles();
  expect(first).toContain(`problem conflist: ${says}`);
  expect(more).toEqual([]);
});

test('a conflist of version 1.1.0 is fine where the runtime takes it', async () => {
  put(CONFLIST, list({ cniVersion: '1.1.0' }));
  expect(await troubles({ runtime: { name: 'containerd', version: '2.1.9' } })).toEqual([]);
  expect(await troubles({ runtime: undefined })).toEqual([]);
});

test('the kernel needs what this configuration uses, built in or to be loaded', async () => {
  const without = (...names: string[]) =>
    SYMBOLS.filter((it) => !names.includes(it))
      .map((it) => `0 t ${it}\n`)
      .join('');
  put('/proc/kallsyms', without('br_dev_newlink', 'vxlan_newlink'));
  expect(await troubles()).toEqual([]);
  expect(await troubles({}, 'mode: bridge, tunnel: { use: always }')).toEqual([
    'problem kernel: 6.1.0-test has no bridge',
    'problem kernel: 6.1.0-test has no vxlan',
  ]);
  put('/lib/modules/6.1.0-test/modules.dep', 'kernel/net/bridge/bridge.ko.xz: kernel/net/llc/llc.ko.xz\n');
  put('/lib/modules/6.1.0-test/modules.builtin', 'kernel/drivers/net/vxlan/vxlan.ko\n');
  expect(await troubles({}, 'mode: bridge, tunnel: { use: always }')).toEqual([]);
  gone('/proc/kallsyms');
  expect(await troubles()).toEqual(['skipped kernel: /proc/kallsyms cannot be read']);
});

test('forwarding that is off is a problem once the agent should have set it', async () => {
  put('/proc/sys/net/ipv4/ip_forward', '0\n');
  const says = 'forwarding: net.ipv4.ip_forward is 0: nothing is forwarded to or from pods';
  expect(await troubles()).toEqual([`problem ${says}`]);
  expect(await troubles({ agent: undefined })).toContain(`warning ${says}`);
});

test('IPv6 that is off is a problem where a range needs it', async () => {
  put('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1\n');
  expect(await troubles()).toEqual(['problem ipv6: IPv6 is off on this node, and there is an IPv6 range']);
});

test('a range that the agent has learnt from its cluster counts as one of the file', async () => {
  put('/proc/sys/net/ipv4/ip_forward', '0\n');
  const { config } = parseConfig('kubernetes: {access: in-cluster}');
  expect(await troubles({ config })).toEqual([expect.stringContaining('net.ipv4.ip_forward is 0')]);
  expect(await troubles({ config, agent: { ...AGENT, pools: [] } })).toEqual([]);
});

test('a strict rp_filter is told where there are two ways out', async () => {
  put('/proc/sys/net/ipv4/conf/all/rp_filter', '1\n');
  expect(await troubles()).toEqual([]);
  put('/proc/net/route', `${WELL['/proc/net/route']}eth1\t00000000\t0101A8C0\t0003\t0\t0\t9\t00000000\t0\t0\t0\n`);
  expect((await troubles())[0]).toContain('warning rp_filter: rp_filter is strict, and there are 2 links');
});

test('a chain that drops what pods send is a problem unless an agent will open it', async () => {
  const droppedRanges = async () => [prefix('10.1.0.0/24')];
  const says = 'forward: a FORWARD chain with policy drop stops 10.1.0.0/24';
  expect(await troubles({ droppedRanges })).toEqual([`problem ${says}`]);
  expect(await troubles({ droppedRanges, agent: undefined })).toContain(`warning ${says}`);
  expect(await troubles({ droppedRanges, agent: undefined }, 'forwardAccept: false')).toContain(`problem ${says}`);
});

test('where nobody can ask iptables-legacy, that is a warning and not a good word', async () => {
  const legacyUnclear = () => 'spawn iptables-legacy ENOENT';
  const [one, ...others] = await troubles({ legacyUnclear });
  expect([one, others]).toEqual([expect.stringMatching(/^warning forward: .*cannot be said here: spawn/), []]);
});

test("in an image the node's link managers are not seen, and that is said", async () => {
  gone('/etc/os-release');
  expect(await troubles()).toEqual([expect.stringMatching(/^skipped link managers: a container does not see/)]);
});

test('a link manager is told of unless it was told to leave our links alone', async () => {
  put('/run/NetworkManager/NetworkManager.pid', '');
  put('/run/systemd/netif/state', '');
  expect(await troubles()).toEqual([
    'warning NetworkManager: runs, and may configure the links of pods',
    'warning networkd: runs, and removes the routes of pods whenever it is restarted',
  ]);
  put(
    '/etc/NetworkManager/conf.d/berth.conf',
    '[keyfile]\nunmanaged-devices=interface-name:bth*;interface-name:berth*\n',
  );
  put(
    '/etc/systemd/networkd.conf.d/berth.conf',
    '[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n',
  );
  expect(await troubles()).toEqual([]);
});

test("an MTU larger than the uplink's, an uplink that is not there, and one that nobody names", async () => {
  expect(await troubles({}, 'mtu: 9000')).toEqual([
    'warning mtu: pods send 9000 bytes, and the uplink eth0 carries 1500',
  ]);
  expect(await troubles({}, 'uplink: eth7')).toEqual(['problem mtu: there is no link eth7']);
  put('/proc/net/route', '');
  expect(await troubles()).toEqual(['skipped mtu: no IPv4 default route names an uplink']);
});

test('a full table of connections is a problem', async () => {
  put('/proc/sys/net/netfilter/nf_conntrack_count', '950\n');
  expect((await troubles())[0]).toContain('problem conntrack: 950 of 1000 connections tracked');
});

test('a clock that went back, and one that was never set', async () => {
  expect((await troubles({ now: 0 }))[0]).toContain('problem clock: it is not 1970-01-01');
  utimesSync(join(root, state, 'journal.1'), NOW / 1_000 + 3_600, NOW / 1_000 + 3_600);
  expect((await troubles())[0]).toContain('warning clock: the journal was written at');
});

test('a disk without room is told of by how much is left', async () => {
  const files = nodeFiles(root);
  const space = (freeBytes: number, writable = true, freeInodes = 1e6) => ({
    files: { ...files, space: () => ({ freeBytes, freeInodes, writable }) },
  });
  expect((await troubles(space(10 * 2 ** 20)))[0]).toBe(
    'warning disk: /var/lib/berth has 10 MiB and 1000000 inodes left',
  );
  expect((await troubles(space(1e9, true, 0)))[0]).toContain('problem disk: /var/lib/berth is full');
  expect((await troubles(space(1e9, false)))[0]).toBe('problem disk: /var/lib/berth cannot be written');
});

test('a look that fails says so and stops no other', async () => {
  const droppedRanges = () => Promise.reject(new Error('netlink is gone'));
  expect(await troubles({ droppedRanges })).toEqual(['skipped forward: could not look: netlink is gone']);
});
