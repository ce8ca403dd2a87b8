import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { referencePlugins } from '../../../tools/reference-plugins.ts';
import { installScripted } from '../plugins/install-scripted.ts';
import { PluginError } from './exec.ts';
import { parseNetworkList, type Json } from './network-list.ts';
import { Runtime } from './runtime.ts';

interface Call {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Json;
}

let folder = '';
let runtime: Runtime;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-libcni-'));
  installScripted(join(folder, 'bin'), 'first');
  installScripted(join(folder, 'bin'), 'second');
  const env = { PATH: process.env['PATH'] ?? '' };
  runtime = new Runtime({
    pluginDirectories: [join(folder, 'bin')],
    cacheDirectory: join(folder, 'cache'),
    env,
    deadlineMs: 10_000,
  });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RESULT = {
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/x' }],
  ips: [{ address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 0 }],
  routes: [{ dst: '0.0.0.0/0' }],
  dns: { nameservers: ['10.0.0.53'] },
};

function conflist(
  trace: string,
  first: Json = {},
  second: Json = {},
  top: Json = { cniVersion: '1.0.0', cniVersions: ['0.4.0', '1.1.0', '9.0.0'] },
) {
  return JSON.stringify({
    name: 'traced',
    ...top,
    plugins: [
      {
        type: 'first',
        capabilities: { portMappings: true, mac: false },
        scripted: { trace, result: RESULT, ...first },
        own: 1,
      },
      { type: 'second', capabilities: { bandwidth: true }, scripted: { trace, ...second } },
    ],
  });
}

function calls(trace: string): readonly Call[] {
  if (!existsSync(trace)) return [];
  return readFileSync(trace, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Call);
}

const attachment = {
  containerId: 'c1',
  netns: '/run/netns/x',
  ifname: 'eth7',
  args: [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAME', 'web-0'],
  ] as const,
  capabilityArgs: { portMappings: [{ hostPort: 1, containerPort: 2, protocol: 'tcp' }], mac: 'x', ips: ['y'] },
};

test('a chain passes the result on, filters capabilities and is deleted in reverse with the final result', async () => {
  const trace = join(folder, 'trace');
  const list = parseNetworkList(conflist(trace));
  expect(list.cniVersion).toBe('1.1.0');
  const final = { ...RESULT, cniVersion: '1.1.0' };
  expect(await runtime.add(list, attachment)).toEqual(final);
  await runtime.check(list, attachment);
  await runtime.del(list, attachment);
  await runtime.del(list, attachment);
  const seen = calls(trace);
  expect(seen.map(({ env, stdin }) => `${env['CNI_COMMAND']} ${String(stdin['type'])}`)).toEqual([
    'ADD first',
    'ADD second',
    'CHECK first',
    'CHECK second',
    'DEL second',
    'DEL first',
    'DEL second',
    'DEL first',
  ]);
  expect(seen.map(({ stdin }) => stdin['prevResult'])).toEqual([
    undefined,
    final,
    final,
    final,
    final,
    final,
    undefined,
    undefined,
  ]);
  const { portMappings } = attachment.capabilityArgs;
  expect(seen.slice(0, 2).map(({ stdin }) => stdin['runtimeConfig'])).toEqual([{ portMappings }, undefined]);
});

test('a failed ADD leaves nothing in the cache and names the plugin', async () => {
  const trace = join(folder, 'trace');
  const list = parseNetworkList(conflist(trace, {}, { error: { verb: 'ADD' } }));
  const error: unknown = await runtime.add(list, attachment).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PluginError);
  expect(error).toMatchObject({ code: 100, message: expect.stringContaining('second ADD') });
  expect(runtime.cachedResult(list, attachment)).toBeUndefined();
});

test('GC deletes what is cached and not valid, goes on past an error, and then tells the plugins', async () => {
  const trace = join(folder, 'trace');
  const list = parseNetworkList(conflist(trace, { error: { verb: 'DEL' } }));
  for (const containerId of ['c1', 'c2', 'c3']) await runtime.add(list, { ...attachment, containerId });
  const valid = [{ containerID: 'c2', ifname: 'eth7' }];
  await expect(runtime.gc(list, valid)).rejects.toThrow('told to fail');
  const after = calls(trace).slice(6);
  expect(after.map(({ env }) => `${env['CNI_COMMAND']} ${env['CNI_CONTAINERID']}`.trim())).toEqual([
    'DEL c1',
    'DEL c1',
    'DEL c3',
    'DEL c3',
    'GC',
    'GC',
  ]);
  expect(after.at(-1)?.stdin['cni.dev/valid-attachments']).toEqual(valid);
});

test('the cache is private to its owner, and a garbled file is as good as none', async () => {
  const list = parseNetworkList(conflist(join(folder, 'trace')));
  await runtime.add(list, attachment);
  const results = join(folder, 'cache', 'results');
  const file = join(results, 'traced-c1-eth7');
  expect([statSync(results).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
  writeFileSync(file, '{');
  expect(runtime.cachedResult(list, attachment)).toBeUndefined();
  await runtime.del(list, attachment);
});

test('versions decide which verbs there are', async () => {
  const trace = join(folder, 'trace');
  const old = parseNetworkList(conflist(trace, {}, {}, { cniVersion: '0.3.1' }));
  await runtime.add(old, attachment);
  await expect(runtime.check(old, attachment)).rejects.toThrow('no CHECK');
  await runtime.status(old);
  await runtime.del(old, attachment);
  expect(calls(trace).map(({ stdin }) => stdin['prevResult'] !== undefined)).toEqual([false, true, false, false]);
  expect(await runtime.versions('first')).toContain('1.1.0');
});

const isolated = process.getuid?.() === 0;
const { cnitool } = referencePlugins();

test.skipIf(!isolated || cnitool === undefined)(
  'every call looks to the plugins as it does from cnitool, so from the real libcni',
  async () => {
    const conf = join(folder, 'net.d');
    mkdirSync(conf);
    const theirs = join(folder, 'theirs');
    writeFileSync(join(conf, '10-traced.conflist'), conflist(theirs));
    const capabilityArgs = { ...attachment.capabilityArgs, bandwidth: { ingressRate: 1, ingressBurst: 2 } };
    const verbs = ['status', 'add', 'check', 'del', 'add', 'gc'];
    execFileSync(
      'unshare',
      [
        '-m',
        '-n',
        'sh',
        '-ec',
        `mount -t tmpfs tmpfs /var/lib; for v in ${verbs.join(' ')}; do '${cnitool}' $v traced /run/netns/x; done`,
      ],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: 60_000,
        env: {
          PATH: process.env['PATH'] ?? '',
          CNI_PATH: join(folder, 'bin'),
          NETCONFPATH: conf,
          CNI_IFNAME: 'eth7',
          CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web-0',
          CAP_ARGS: JSON.stringify(capabilityArgs),
        },
      },
    );
    const ours = join(folder, 'ours');
    const list = parseNetworkList(conflist(ours));
    const containerId = `cnitool-${createHash('sha512').update('/run/netns/x').digest('hex').slice(0, 20)}`;
    const same = { ...attachment, containerId, capabilityArgs };
    await runtime.status(list);
    await runtime.add(list, same);
    await runtime.check(list, same);
    await runtime.del(list, same);
    await runtime.add(list, same);
    await runtime.gc(list);
    const comparable = (trace: string) =>
      JSON.parse(JSON.stringify(calls(trace)).replaceAll(trace, 'TRACE')) as unknown;
    expect(comparable(theirs)).not.toEqual([]);
    expect(comparable(ours)).toEqual(comparable(theirs));
  },
);
