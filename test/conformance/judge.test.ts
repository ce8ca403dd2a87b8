import { expect, test } from 'vitest';
import { oneJson, refusal, shapeFaults } from './judge.ts';
import type { PluginExit } from './libcni/exec.ts';
import { Failed } from './verdict.ts';

const GOOD = {
  cniVersion: '1.1.0',
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', mtu: 1400, sandbox: '/run/netns/x' }],
  ips: [{ address: '10.0.0.5/32', gateway: '169.254.1.1', interface: 0 }],
  routes: [{ dst: '0.0.0.0/0', gw: '169.254.1.1' }],
  dns: {},
};

test('a good result has no faults', () => {
  expect(shapeFaults(GOOD, '1.1.0')).toEqual([]);
});

test.each([
  [{ cniVersion: '1.0.0' }, 'cniVersion'],
  [{ ips: [] }, 'no ips'],
  [{ ips: [{ address: '10.0.0.5', interface: 0 }] }, 'ips[0].address'],
  [{ ips: [{ address: '10.0.0.5/32', interface: 1 }] }, 'ips[0].interface'],
  [{ ips: [{ address: '10.0.0.5/32' }] }, 'ips[0].interface'],
  [{ ips: [{ address: '10.0.0.5/32', interface: 0, version: '4' }] }, 'ips[0].version'],
  [{ ips: [{ address: '10.0.0.5/32', interface: 0, gateway: 'x' }] }, 'ips[0].gateway'],
  [{ interfaces: [{}] }, 'interfaces[0] has no name'],
  [{ routes: [{ dst: '0.0.0.0' }] }, 'routes[0].dst'],
])('%j is a fault at 1.1.0', (change, fault) => {
  expect(shapeFaults({ ...GOOD, ...change }, '1.1.0').join()).toContain(fault);
});

test('what is right at 1.1.0 is wrong at 0.4.0: no version, and an mtu', () => {
  const faults = shapeFaults({ ...GOOD, cniVersion: '0.4.0' }, '0.4.0').join();
  expect(faults).toContain('interfaces[0] has a field of 1.1.0');
  expect(faults).toContain('ips[0].version is undefined, not 4');
});

function exit(exitCode: number, stdout: string): PluginExit {
  return { exitCode, signal: '', stdout, stderr: '', ms: 1 };
}

test('only a non-zero exit with one error document is a refusal', () => {
  const said = '{"code":7,"msg":"no name"}';
  expect(refusal(exit(1, said), 'x', 7)).toEqual({ code: 7, text: 'no name; ' });
  for (const wrong of [
    exit(0, said),
    exit(1, ''),
    exit(1, `${said}${said}`),
    exit(1, '{"code":7}'),
    exit(1, '{"msg":"x"}'),
    exit(1, `log\n${said}`),
  ])
    expect(() => refusal(wrong, 'x')).toThrow(Failed);
  expect(() => refusal(exit(1, said), 'x', 4)).toThrow('code 7, not 4');
  expect(() => oneJson(exit(0, '[]'), 'x')).toThrow(Failed);
});
