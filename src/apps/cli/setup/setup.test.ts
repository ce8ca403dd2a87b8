import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../base/log.ts';
import { type CallServer, serveCalls } from '../../../io/system/unix-server.ts';
import { readManifest } from '../../../io/system/manifest.ts';
import { run } from '../testing/fake-agent.ts';
import { INSTALLED } from './artefacts.ts';
import { findRuntime, speaksCni11 } from './runtime.ts';

const CONFLIST = '/etc/cni/net.d/10-berth.conflist';
let directory: string;
let root: string;
let from: string;
let server: CallServer | undefined;
let verbs: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-inst-'));
  [root, from] = [join(directory, 'root'), join(directory, 'from')];
  mkdirSync(root);
  artefacts('one');
  verbs = [];
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

/** An installation's files, each with its name and a version in it. */
function artefacts(version: string): void {
  for (const [name, path] of Object.entries(INSTALLED)) {
    mkdirSync(dirname(join(from, path)), { recursive: true });
    writeFileSync(join(from, path), name === 'config' ? 'network:\n  ranges: []\n' : `${name} ${version}`);
  }
}

async function agent(answer: { exitCode: number; stdout: string } = { exitCode: 0, stdout: '' }): Promise<void> {
  server = await serveCalls({
    path: join(root, 'run/berth/agent.sock'),
    log: silent,
    allow: () => true,
    answer: async ({ env }) => {
      verbs.push(`${env['CNI_COMMAND']} ${existsSync(join(root, CONFLIST)) ? 'after' : 'before'} the conflist`);
      return answer;
    },
  });
}

const install = (...more: string[]) =>
  run(['install', '--root', root, '--from', from, '--wait', '0', '--range', '10.1.0.0/24', 'fd00:1::/64', ...more]);
const uninstall = (...more: string[]) => run(['uninstall', '--root', root, ...more]);
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const conflist = () => JSON.parse(read(CONFLIST)) as { cniVersion: string; name: string; plugins: { type: string }[] };

/** Every path below the root with its kind, mode and content. */
function tree(at = root): string[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    const mode = (lstatSync(path).mode & 0o777).toString(8);
    if (entry.isDirectory()) return [`${path} ${mode}`, ...tree(path)];
    if (entry.isSymbolicLink()) return [`${path} -> ${readlinkSync(path)}`];
    return entry.isSocket() ? [] : [`${path} ${mode} ${readFileSync(path, 'utf8')}`];
  });
}

test('the conflist is written last, once the agent answers STATUS', async () => {
  await agent();
  const { code, out, err } = await install();
  expect([code, out]).toEqual([0, 'Berth serves this node: 10.1.0.0/24, fd00:1::/64\n']);
  expect(verbs).toEqual(['STATUS before the conflist']);
  expect(conflist()).toMatchObject({ cniVersion: '1.0.0', name: 'berth', plugins: [{ type: 'berth-cni' }] });
  expect(read('/opt/cni/bin/berth-cni')).toBe('shim one');
  expect(read('/opt/berth/libexec/node')).toBe('node one');
  expect(lstatSync(join(root, '/opt/cni/bin/berth-cni')).mode & 0o777).toBe(0o755);
  expect(readlinkSync(join(root, '/usr/local/bin/berth'))).toBe('/opt/berth/bin/berth');
  expect(read('/etc/berth/config.yaml')).toBe('network:\n  ranges: [10.1.0.0/24, "fd00:1::/64"]\n');
  expect(err).toContain('start the agent yourself with "/opt/berth/bin/berth agent --config /etc/berth/config.yaml"');
});

test('an agent that does not serve keeps the runtime untold', async () => {
  const away = await install();
  expect(away.code).toBe(3);
  expect(away.err).toContain('once the agent serves, run "berth install" again');
  expect(existsSync(join(root, CONFLIST))).toBe(false);
  await agent({ exitCode: 1, stdout: '{"code":50,"msg":"not ready","details":"no address"}' });
  const unready = await install();
  expect(unready).toMatchObject({ code: 3, err: expect.stringContaining('not ready: no address') });
  expect(existsSync(join(root, CONFLIST))).toBe(false);
});

test('uninstall leaves the node as it was', async () => {
  mkdirSync(join(root, 'etc/cni/net.d'), { recursive: true });
  writeFileSync(join(root, 'etc/cni/net.d/99-other.conflist'), '{}');
  mkdirSync(join(root, 'opt/cni/bin'), { recursive: true });
  writeFileSync(join(root, 'opt/cni/bin/berth-cni'), 'of somebody else', { mode: 0o711 });
  chmodSync(join(root, 'opt/cni/bin/berth-cni'), 0o711);
  const before = tree();
  await agent();
  expect((await install()).code).toBe(0);
  artefacts('two');
  expect((await install()).code).toBe(0); // an upgrade does not forget what was there first
  expect(read('/opt/cni/bin/berth-cni')).toBe('shim two');
  mkdirSync(join(root, 'var/lib/berth/spool'), { recursive: true });
  writeFileSync(join(root, 'var/lib/berth/journal.1'), 'x');
  await server?.close();
  expect(await uninstall()).toMatchObject({ code: 0, out: 'Berth is gone from this node\n' });
  rmSync(join(root, 'run'), { recursive: true, force: true }); // made by the test's own server before the installation
  expect(tree()).toEqual(before);
});

test('an installation that was cut off can be taken away', async () => {
  expect((await install()).code).toBe(3);
  expect((await uninstall()).code).toBe(0);
  expect(tree()).toEqual([]);
  expect(await uninstall()).toMatchObject({ code: 1, err: expect.stringContaining('not installed') });
});

test('a configuration that was there, or was edited, is left alone', async () => {
  await agent();
  await install();
  writeFileSync(join(root, 'etc/berth/config.yaml'), 'network: { ranges: [10.7.0.0/24] }\n');
  expect(await install()).toMatchObject({ code: 0, out: 'Berth serves this node: 10.7.0.0/24\n' });
  await server?.close();
  expect((await uninstall()).err).toContain('/etc/berth/config.yaml was edited and is left');
  expect(read('/etc/berth/config.yaml')).toContain('10.7.0.0/24');
});

test('--purge takes an edited configuration too', async () => {
  await install();
  writeFileSync(join(root, 'etc/berth/config.yaml'), 'network: {}\n');
  expect((await uninstall('--purge')).code).toBe(0);
  expect(existsSync(join(root, 'etc/berth'))).toBe(false);
});

test('a configuration that cannot be used stops before anything is started', async () => {
  mkdirSync(join(root, 'etc/berth'), { recursive: true });
  writeFileSync(join(root, 'etc/berth/config.yaml'), 'network: { rangs: [] }\n');
  expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining('network.rangs: unknown key') });
  writeFileSync(join(root, 'etc/berth/config.yaml'), '');
  expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining('names no range') });
  expect(await install('--range', 'nonsense')).toMatchObject({ code: 1 });
  rmSync(join(root, 'etc/berth'), { recursive: true });
  expect(await install('--range', 'nonsense')).toMatchObject({
    code: 2,
    err: expect.stringContaining('not an address range'),
  });
});

test('a node on a cloud needs no range', async () => {
  await agent();
  mkdirSync(join(root, 'etc/berth'), { recursive: true });
  writeFileSync(join(root, 'etc/berth/config.yaml'), 'provider: aws\n');
  const done = await run(['install', '--root', root, '--from', from, '--wait', '0']);
  expect(done).toMatchObject({ code: 0, out: 'Berth serves this node: addresses of aws\n' });
});

test('A25: executable and list lie where an agent finds them again', async () => {
  await agent();
  await install();
  const { entries } = readManifest(join(root, 'opt/berth/manifest.json')) ?? { entries: [] };
  const kept = entries.flatMap((it) => (it.kind === 'file' && it.kept !== undefined ? [[it.path, it.kept]] : []));
  expect(kept).toEqual([
    ['/opt/cni/bin/berth-cni', { from: '/opt/berth/libexec/berth-cni', mode: 0o755 }],
    [CONFLIST, { from: '/opt/berth/lib/network-list.json', mode: 0o600, onceServing: true }],
  ]);
  expect(read('/opt/berth/lib/network-list.json')).toBe(read(CONFLIST));
});

test('a list that comes first by name is told of', async () => {
  await agent();
  mkdirSync(join(root, 'etc/cni/net.d'), { recursive: true });
  writeFileSync(join(root, 'etc/cni/net.d/05-other.conflist'), '{}');
  expect((await install()).err).toContain('but /etc/cni/net.d/05-other.conflist comes first by name');
});

test('the list has the version that the runtime takes, unless told otherwise', async () => {
  await agent();
  const containerd = join(root, 'usr/bin/containerd');
  mkdirSync(dirname(containerd), { recursive: true });
  const says = (version: string) =>
    writeFileSync(containerd, `#!/bin/sh\necho "containerd github.com/containerd/containerd ${version} abc"\n`, {
      mode: 0o755,
    });
  says('v2.1.9');
  expect(findRuntime(root)).toEqual({ name: 'containerd', version: '2.1.9' });
  await install();
  expect(conflist().cniVersion).toBe('1.1.0');
  says('1.6.20~ds1');
  await install();
  expect(conflist().cniVersion).toBe('1.0.0');
  await install('--cni-version', '1.1.0', '--network', 'pods');
  expect(conflist()).toMatchObject({ cniVersion: '1.1.0', name: 'pods' });
});

test('which runtimes take a list of version 1.1.0', () => {
  expect(speaksCni11({ name: 'containerd', version: '2.0.0' })).toBe(true);
  expect(speaksCni11({ name: 'containerd', version: '1.7.24' })).toBe(false);
  expect(speaksCni11({ name: 'podman', version: '4.3.1' })).toBe(false);
  expect(speaksCni11({ name: 'cri-o', version: '1.31.0' })).toBeUndefined();
});

test('without a bundle it says how to make one', async () => {
  rmSync(join(from, INSTALLED.shim));
  expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining('npm run build') });
  expect(tree()).toEqual([]);
});
