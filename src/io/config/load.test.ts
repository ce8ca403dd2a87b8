import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { configFile } from './agent-file.ts';
import { ConfigError } from './config-error.ts';
import { withFile } from './environment.ts';
import { loadConfig, parseConfig } from './load.ts';

function wrong(text: string, environment: Record<string, string> = {}): string[] {
  try {
    parseConfig(text, { source: 'c.yaml', environment });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const doubtsOf = (text: string) =>
  parseConfig(text).doubts.map(({ where, line, says }) => `${line ?? '-'} ${where} ${says}`);

test('an empty file is all defaults', () => {
  const { config } = parseConfig('');
  expect(config.nodeName).toBe(hostname());
  expect(config.network).toMatchObject({ mode: 'routed', ranges: [], mtuBytes: 'auto', forwardAccept: true });
  expect(config.network.masquerade).toEqual({ enabled: true, except: [], ports: 'random' });
  expect(config.pool).toEqual({ cooldownMs: 30_000, patienceMs: 60_000, waitingLimit: 1_000 });
  expect(config.repair).toEqual({ enabled: true, delayMs: 200, intervalMs: 30_000, installation: 'altered' });
  expect(config.paths.socket).toBe('/run/berth/agent.sock');
  expect(config.http).toEqual({ listen: undefined });
  expect(config.log).toEqual({ level: 'info', format: 'json', file: undefined, fileBytes: 20 * 1024 * 1024 });
});

test('a section without content is the section with its defaults', () => {
  expect(parseConfig('pool:\nnetwork:\n  peers:\n').config.pool.patienceMs).toBe(60_000);
});

test('addresses are made canonical and durations become milliseconds', () => {
  const { config } = parseConfig(`
network:
  ranges: [fd00:0:0:1::/64]
  reserved: [FD00:0:0:1::ABCD, 'fd00:0:0:1:8000::/66']
  mtu: 1400
pool: { cooldown: 1.5s, patience: 2m }
`);
  expect(config.network.ranges).toEqual(['fd00:0:0:1::/64']);
  expect(config.network.reserved).toEqual(['fd00:0:0:1::abcd', 'fd00:0:0:1:8000::/66']);
  expect(config.network.mtuBytes).toBe(1400);
  expect(config.pool).toMatchObject({ cooldownMs: 1_500, patienceMs: 120_000 });
});

const SINGLE: readonly (readonly [string, string])[] = [
  ['netwrk: {}', 'c.yaml:1: netwrk: unknown key'],
  ['network:\n  peeers: []', 'c.yaml:2: network.peeers: unknown key'],
  ['network:\n  mode: bridged', 'c.yaml:2: network.mode: expected routed or bridge'],
  ['network:\n  ranges: 10.1.0.0/24', 'c.yaml:2: network.ranges: expected a list'],
  [
    'network:\n  ranges:\n    - 10.1.0.0/24\n    - 10.2.0.5/24',
    'c.yaml:4: network.ranges[1]: 10.2.0.5/24 has host bits set; the range is 10.2.0.0/24',
  ],
  ['network: {mtu: 100}', 'c.yaml:1: network.mtu: expected a whole number from 576 to 65535'],
  ['network: {mtu: big}', 'c.yaml:1: network.mtu: expected auto, or a whole number from 576 to 65535'],
  ['network: {bridge: a-very-long-bridge}', 'c.yaml:1: network.bridge: a-very-long-bridge is no interface name'],
  ['network: {bridge: bth0}', 'c.yaml:1: network.bridge: bth0 is a name that other links of ours bear'],
  ['network: {masquerade: yes}', 'c.yaml:1: network.masquerade: expected a mapping of keys to values'],
  ['network: {masquerade: {enabled: 1}}', 'c.yaml:1: network.masquerade.enabled: expected true or false'],
  ['network: {tunnel: {vni: 0}}', 'c.yaml:1: network.tunnel.vni: expected a whole number from 1 to 16777215'],
  [
    'network:\n  peers:\n    - {name: b, ranges: []}',
    'c.yaml:3: network.peers[0].addresses: is missing: expected a list',
  ],
  ['pool: {cooldown: 30}', 'c.yaml:1: pool.cooldown: expected a duration such as 500ms, 30s, 2m or 1h'],
  ['pool: {cooldown: 30 s}', 'c.yaml:1: pool.cooldown: 30 s is not a duration such as'],
  ['repair: {interval: 1ms}', 'c.yaml:1: repair.interval: 1ms is not between 1s and 24h'],
  ['paths: {state: var/lib}', 'c.yaml:1: paths.state: var/lib is not an absolute path'],
  [`paths: {socket: /${'x'.repeat(110)}}`, 'c.yaml:1: paths.socket: a socket path has at most 107 bytes'],
  ['paths: {socket: /a, adminSocket: /a}', 'c.yaml:1: paths.adminSocket: is the same as paths.socket'],
  ['http: {listen: 9464}', 'c.yaml:1: http.listen: expected a host and port such as 127.0.0.1:9464'],
  ['http: {listen: ":9464"}', 'c.yaml:1: http.listen: not a host and port: :9464'],
  ['nodeName: a node', 'c.yaml:1: nodeName: a node is no node name'],
  ['- a list', 'c.yaml: expected a mapping of keys to values'],
  ['network: *nobody', 'c.yaml: Unresolved alias'],
  ['a: 1\na: 2', 'c.yaml:2: Map keys must be unique'],
  ['network: [', 'c.yaml:1: '],
  [
    'network: {ranges: [10.1.0.0/24, 10.1.0.128/25]}',
    'c.yaml:1: network.ranges[1]: 10.1.0.128/25 overlaps 10.1.0.0/24',
  ],
  ['network: {mtu: 1000, ranges: [fd00::/64]}', 'c.yaml:1: network.mtu: IPv6 needs at least 1280 bytes'],
];

test.each(SINGLE)('%j is refused with its place and what is expected', (text, expected) => {
  const lines = wrong(text);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(expected);
});

test.each(['aws:name=x', 'node.k8s.amazonaws.com/createdAt=now', 'berth.dev/instance=i-1'])(
  'A68: a tag whose key is reserved is refused: %s',
  (tag) => {
    const said = 'c.yaml:2: aws.tags[1]: is a key that is reserved';
    expect(wrong(`provider: aws\naws: { tags: ["team=net", "${tag}"] }`)).toEqual([said]);
  },
);

test('everything wrong is told at once', () => {
  expect(wrong('log: {level: loud}\npool:\n  cooldown: soon\n  more: 1\n')).toHaveLength(3);
});

const peers = (...ranges: string[]) =>
  ranges.map((range, i) => `    - { name: n${i}, addresses: [192.168.0.${i}], ranges: [${range}] }`).join('\n');

test('ranges of two nodes may not overlap, nor two peers have one name', () => {
  expect(wrong(`network:\n  ranges: [10.1.0.0/24]\n  peers:\n${peers('10.1.0.0/16')}`)).toEqual([
    'c.yaml:4: network.peers[0].ranges[0]: 10.1.0.0/16 overlaps 10.1.0.0/24 of this node',
  ]);
  expect(wrong(`network:\n  peers:\n${peers('10.1.0.0/24', '10.1.0.0/24')}`)).toEqual([
    'c.yaml:4: network.peers[1].ranges[0]: 10.1.0.0/24 overlaps 10.1.0.0/24 of n0',
  ]);
  const twins = peers('10.1.0.0/24', '10.2.0.0/24').replace('n1', 'n0');
  expect(wrong(`network:\n  peers:\n${twins}`)).toEqual([
    'c.yaml:4: network.peers[1].name: n0 is already network.peers[0]',
  ]);
});

test('the whole list of nodes may stand on each node', () => {
  const text = `nodeName: n0\nnetwork:\n  ranges: [10.1.0.0/24]\n  peers:\n${peers('10.1.0.0/24', '10.2.0.0/24')}`;
  expect(wrong(text)).toEqual([]);
});

test('what is probably not meant is told and accepted', () => {
  expect(doubtsOf('')).toEqual(['- network.ranges no range: every ADD will be refused until there is one']);
  expect(
    doubtsOf('network:\n  ranges: [10.1.0.0/24, 10.9.0.0/31]\n  cluster: [10.1.0.0/16]\n  reserved: [10.3.0.1]'),
  ).toEqual([
    '2 network.ranges[1] 10.9.0.0/31 has room for 2 at most',
    '2 network.ranges[1] 10.9.0.0/31 is outside of network.cluster (10.1.0.0/16)',
    '4 network.reserved[0] 10.3.0.1 is in none of network.ranges',
  ]);
  expect(doubtsOf('network: {ranges: [10.1.0.0/24]}\npool: {patience: 2m}')).toHaveLength(1);
});

test('the environment wins over the file, and is named when it is wrong', () => {
  const text = 'network: {ranges: [10.9.0.0/24]}\nlog: {level: warn}';
  const environment = { BERTH_NODE_NAME: 'n7', BERTH_RANGES: '10.1.0.0/24, fd00::/64', BERTH_LOG_LEVEL: '' };
  const { config } = parseConfig(text, { environment });
  expect(config.nodeName).toBe('n7');
  expect(config.network.ranges).toEqual(['10.1.0.0/24', 'fd00::/64']);
  expect(config.log.level).toBe('warn');
  expect(wrong(text, { BERTH_RANGES: '10.1.0.0/24,nonsense' })).toEqual([
    'c.yaml: BERTH_RANGES (network.ranges[1]): not an address range: nonsense',
  ]);
  expect(wrong('log: 3', { BERTH_LOG_LEVEL: 'info' })).toEqual(['c.yaml:1: log: expected a mapping of keys to values']);
});

test('a file that is absent, no file, or far too large is an error of its kind', () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-config-'));
  try {
    const path = join(directory, 'c.yaml');
    expect(() => loadConfig(path, {})).toThrow(
      expect.objectContaining({ kind: 'absent', message: `${path}: no such file` }),
    );
    expect(loadConfig(path, { BERTH_CONFIG_OPTIONAL: 'true' })).toEqual(parseConfig(''));
    expect(() => loadConfig(path, withFile({ BERTH_CONFIG_OPTIONAL: 'true' }))).toThrow('no such file');
    expect(() => loadConfig(directory, { BERTH_CONFIG_OPTIONAL: 'true' })).toThrow(
      expect.objectContaining({ kind: 'unreadable' }),
    );
    expect(() => loadConfig(directory, {})).toThrow(expect.objectContaining({ kind: 'unreadable' }));
    writeFileSync(path, `#${'x'.repeat(1 << 20)}`);
    expect(() => loadConfig(path, {})).toThrow(expect.objectContaining({ kind: 'unreadable' }));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('whatever a file holds, it is a configuration or a ConfigError', () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant('10.1.0.0/24'));
  const key = fc.constantFrom('network', 'ranges', 'peers', 'pool', 'cooldown', 'log', 'http', 'name', 'other');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree')),
    ),
  }));
  fc.assert(
    fc.property(
      fc.oneof(
        tree.map((it) => stringify(it)),
        fc.string(),
      ),
      (text) => {
        try {
          parseConfig(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a configuration printed and read again is the same', () => {
  const text = `
nodeName: n1
network:
  mode: bridge
  ranges: [10.1.0.0/24, 'fd00:1::/64']
  reserved: [10.1.0.9]
  mtu: 9000
  cluster: [10.0.0.0/8]
  masquerade: { except: [192.168.0.0/16], ports: 'kept' }
  peers:
    - { name: n2, addresses: [192.168.0.2, 'fd00:ff::2'], ranges: [10.2.0.0/24] }
pool: { cooldown: 90s, patience: 0s }
repair: { delay: 1500ms, interval: 5m }
http: { listen: '[::1]:9464' }
`;
  const { config } = parseConfig(text);
  expect(parseConfig(stringify(configFile(config))).config).toEqual(config);
});
