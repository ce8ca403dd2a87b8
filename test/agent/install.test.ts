import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { has, isRoot } from '../kernel/space.ts';

const canRun = isRoot && has('nft') && existsSync('build/berth-cni');
const steps = new Map<string, { readonly code: number; readonly said: string }>();
let directory = '';

/** The whole way once, in namespaces of its own; the tests look at what the steps said. */
beforeAll(() => {
  if (!canRun) return;
  directory = mkdtempSync(join(tmpdir(), 'berth-install-'));
  const clone = join(directory, 'clone');
  mkdirSync(clone);
  execFileSync(process.execPath, ['tools/bundle.ts', join(clone, 'dist')]);
  cpSync('build/berth-cni', join(clone, 'build/berth-cni'));
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const enter = ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', 'test/agent/install.sh', clone];
  const output = execFileSync('unshare', enter, { encoding: 'utf8', env: { PATH: path }, timeout: 90_000 });
  for (const [, name = '', code, said = ''] of output.matchAll(/^== (.*): (\d+)\n([\s\S]*?)(?=^== |(?![\s\S]))/gm))
    steps.set(name, { code: Number(code), said });
}, 120_000);

afterAll(() => {
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
});

const step = (name: string) => steps.get(name) ?? { code: -1, said: `no step ${name}` };

test.skipIf(!canRun)('no conflist is written before the agent serves', () => {
  expect(step('install without an agent')).toMatchObject({ code: 3 });
  expect(step('install without an agent').said).toContain('start the agent yourself');
  expect(step('conflist without an agent').code).not.toBe(0);
});

test.skipIf(!canRun)('once the agent serves the conflist is there, though the clone is gone', () => {
  expect(step('install with an agent')).toMatchObject({ code: 0 });
  expect(JSON.parse(step('conflist with an agent').said)).toMatchObject({
    name: 'berth',
    plugins: [{ type: 'berth-cni' }],
  });
});

test.skipIf(!canRun)('what was installed attaches a pod and explains it', () => {
  expect(step('add')).toMatchObject({ code: 0, said: expect.stringContaining('10.5.1.2/32') });
  expect(step('pods').said).toMatch(/c1-installed +berth +eth0 +10\.5\.1\.2,fd05:1::2 +routed/);
  expect(step('explain')).toMatchObject({ code: 0, said: expect.stringContaining('The kernel holds all of it.') });
  const findings = JSON.parse(step('check').said) as { state: string; check: string; says: string }[];
  expect(findings.filter(({ state }) => state === 'problem')).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['agent', 'socket', 'conflist', 'kernel', 'mtu']),
  );
});

test.skipIf(!canRun)('A25: executable and list that somebody deletes or alters are back within 10 s', () => {
  for (const name of ['list deleted', 'list altered', 'executable without its mode', 'executable deleted'])
    expect(`${name}: ${step(name).said.trim()}`).toMatch(/: \d s$/);
  expect(step('put back')).toEqual({ code: 0, said: '4\n' });
});

test.skipIf(!canRun)('A25: whoever executes the plugin during an upgrade always finds it', () => {
  expect(step('upgrade')).toMatchObject({ code: 0 });
  expect(step('executions').said).toContain('not-executed: No such file');
});

test.skipIf(!canRun)('A25: who does not want it says so, and the list stays away', () => {
  expect(step('taken on').code).toBe(0);
  expect(step('list deleted for good').code).toBe(1);
});

test.skipIf(!canRun || !has('systemd-analyze'))('systemd has nothing to say against the unit', () => {
  expect(step('unit')).toEqual({ code: 0, said: '\n' });
});

test.skipIf(!canRun)('a bundle for a supporter holds what explains the node, and no secret', () => {
  expect(step('bundle')).toMatchObject({ code: 0, said: expect.stringContaining('/run/bundle.tar.gz') });
  const names = step('names in the bundle')
    .said.split('\n')
    .map((name) => name.split('/').slice(1).join('/'));
  const wanted = ['agent/status.json', 'agent/pods.json', 'agent/metrics.txt', 'check.json', 'node/nftables.txt'];
  expect(names).toEqual(expect.arrayContaining(['agent/log.txt', 'kernel.txt']));
  expect(names).toEqual(expect.arrayContaining([...wanted, 'node/etc/cni/net.d/99-other.conf']));
  const { said } = step('bundle in plain');
  expect(said).toContain('c1-installed');
  expect(said).toContain('"password":"(removed)"');
  expect(said).not.toContain('hunter2');
});

test.skipIf(!canRun)('it is not taken away while pods use it, nor under a running agent', () => {
  expect(step('uninstall while used')).toMatchObject({ code: 1, said: expect.stringContaining('1 pod is attached') });
  expect(step('delete')).toEqual({ code: 0, said: '\n' });
  expect(step('uninstall while the agent runs')).toMatchObject({
    code: 1,
    said: expect.stringContaining('stop it with "kill'),
  });
});

test.skipIf(!canRun)('uninstall leaves the node as it was: files, links, routes, rules, settings', () => {
  expect(step('uninstall').said).toContain('Berth is gone from this node');
  expect(step('difference')).toEqual({ code: 0, said: '\n' });
});
