import { expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import { readConfig, versionForError } from './config.ts';
import { CniError } from './error.ts';
import { SUPPORTED_VERSIONS, VERBS, type Verb } from './version.ts';
import { wantedDns, wantedIps, wantedMac } from './wishes.ts';
import { readArgs } from './args.ts';

const BASE = { cniVersion: '1.1.0', name: 'pods', type: 'berth-cni' };

function read(conf: unknown, verb: Verb = 'ADD') {
  return readConfig(utf8(typeof conf === 'string' ? conf : JSON.stringify(conf)), verb);
}

function refusal(conf: unknown, verb: Verb = 'ADD'): CniError {
  try {
    read(conf, verb);
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error('not refused');
}

test.each(['', '{', 'null', '[]', '"x"', '7', '\u0000', '{"name":"a"}}'])(
  'stdin %j is refused with 6 (C4)',
  (stdin) => {
    expect(refusal(stdin)).toMatchObject({ code: 6, message: expect.stringContaining('stdin') });
  },
);

test.each([undefined, null, '', 'a b', '../x', '-x', 7, {}])('the name %j is refused with 7 (C5)', (name) => {
  expect(refusal({ ...BASE, name })).toMatchObject({ code: 7, message: expect.stringContaining('name') });
});

test.each(['', '0.2.0', '0.1.0', '1.2.0', '2.0.0', '1.1', 'latest'])(
  'cniVersion %j is refused with 1 (C6)',
  (cniVersion) => {
    const error = refusal({ ...BASE, cniVersion });
    expect(error.code).toBe(1);
    expect(error.details).toContain('1.1.0');
  },
);

test('an absent cniVersion is refused with 1 (C6)', () => {
  expect(refusal({ name: 'pods', type: 'berth-cni' }).code).toBe(1);
});

test('JSON comes before name, name before version, version before the rest', () => {
  expect(refusal('{').code).toBe(6);
  expect(refusal({ name: '', cniVersion: '9', mtu: 'x' }).code).toBe(7);
  expect(refusal({ name: 'pods', cniVersion: '9', mtu: 'x' }).code).toBe(1);
  expect(refusal({ ...BASE, mtu: 'x' }).message).toContain('mtu');
});

test('a verb younger than the configuration is refused with 1 (C21)', () => {
  const sinceOf: Partial<Record<Verb, string>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };
  for (const verb of VERBS)
    for (const cniVersion of SUPPORTED_VERSIONS) {
      const conf = { ...BASE, cniVersion, prevResult: {}, 'cni.dev/valid-attachments': [] };
      if (cniVersion >= (sinceOf[verb] ?? '')) expect(read(conf, verb).cniVersion).toBe(cniVersion);
      else expect(refusal(conf, verb)).toMatchObject({ code: 1, message: expect.stringContaining(verb) });
    }
});

test('every capability is read', () => {
  const runtimeConfig = {
    portMappings: [
      { hostPort: 8080, containerPort: 80, protocol: 'TCP', hostIP: '' },
      { hostPort: 53, containerPort: 5353, protocol: 'udp', hostIP: '10.0.0.1' },
      { hostPort: 99, containerPort: 99, hostIP: '0.0.0.0' },
      { hostPort: 0, containerPort: 9090, protocol: 'tcp' },
    ],
    bandwidth: { ingressRate: 1_000_000, ingressBurst: 4_294_967_295, egressRate: 0, egressBurst: 0 },
    ips: ['10.1.0.9/24', 'FD00::9'],
    mac: '0A:58:0A:01:00:09',
    dns: { Servers: ['10.96.0.10'], Searches: ['shop.svc.cluster.local'], Options: ['ndots:5'] },
    'io.kubernetes.cri.pod-annotations': { any: 'thing' },
  };
  expect(read({ ...BASE, runtimeConfig }).runtime).toEqual({
    portMappings: [
      { protocol: 'tcp', hostPort: 8080, containerPort: 80 },
      { protocol: 'udp', hostPort: 53, containerPort: 5353, hostIp: '10.0.0.1' },
      { protocol: 'tcp', hostPort: 99, containerPort: 99 },
    ],
    bandwidth: { ingress: { rateBits: 1_000_000, burstBits: 4_294_967_295 } },
    ips: ['10.1.0.9', 'fd00::9'],
    mac: '0a:58:0a:01:00:09',
    dns: { nameservers: ['10.96.0.10'], search: ['shop.svc.cluster.local'], options: ['ndots:5'] },
  });
});

test('keys in the case of Go fields are read as containerd 1.6 writes them, and the right case wins', () => {
  const HostPorts = [{ HostPort: 18_080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' }];
  expect(read({ ...BASE, runtimeConfig: { portMappings: HostPorts } }).runtime.portMappings).toEqual([
    { protocol: 'tcp', hostPort: 18_080, containerPort: 80 },
  ]);
  const both = [{ HostPort: 1, hostPort: 2, containerPort: 3 }];
  expect(read({ ...BASE, runtimeConfig: { portMappings: both } }).runtime.portMappings).toMatchObject([
    { hostPort: 2 },
  ]);
});

test('the keys of dns may also be those of the convention', () => {
  const dns = { servers: ['1.1.1.1'], searches: ['a'], options: ['b'] };
  expect(read({ ...BASE, runtimeConfig: { dns } }).runtime.dns).toEqual({
    nameservers: ['1.1.1.1'],
    search: ['a'],
    options: ['b'],
  });
  expect(read({ ...BASE, runtimeConfig: { dns: { Servers: [] } } }).runtime.dns).toBeUndefined();
});

test.each([
  [{ portMappings: 'x' }, 'runtimeConfig.portMappings'],
  [{ portMappings: [7] }, 'runtimeConfig.portMappings[0]'],
  [{ portMappings: [{ hostPort: 70_000, containerPort: 1 }] }, 'runtimeConfig.portMappings[0].hostPort'],
  [{ portMappings: [{ hostPort: 80 }] }, 'runtimeConfig.portMappings[0].containerPort'],
  [{ portMappings: [{ hostPort: 80, containerPort: 80, protocol: 'icmp' }] }, 'runtimeConfig.portMappings[0].protocol'],
  [
    { portMappings: [{ hostPort: 80, containerPort: 80, hostIP: 'localhost' }] },
    'runtimeConfig.portMappings[0].hostIP',
  ],
  [{ bandwidth: { ingressRate: -1 } }, 'runtimeConfig.bandwidth.ingressRate'],
  [{ bandwidth: { egressRate: 1000 } }, 'runtimeConfig.bandwidth.egressBurst'],
  [{ bandwidth: { egressRate: 1.5, egressBurst: 1 } }, 'runtimeConfig.bandwidth.egressRate'],
  [{ ips: ['10.0.0.1', ''] }, 'runtimeConfig.ips[1]'],
  [{ ips: ['10.0.0.300'] }, 'runtimeConfig.ips[0]'],
  [{ mac: 'x' }, 'runtimeConfig.mac'],
  [{ dns: { Servers: [1] } }, 'runtimeConfig.dns.Servers[0]'],
  ['x', 'runtimeConfig'],
])('runtimeConfig %j is refused with 7, naming the field', (runtimeConfig, at) => {
  expect(refusal({ ...BASE, runtimeConfig })).toMatchObject({ code: 7, message: expect.stringContaining(at) });
});

test.each([
  [{ runtimeConfig: { ipRanges: [[{ subnet: '10.0.0.0/24' }]] } }, 'runtimeConfig.ipRanges', '10.0.0.0/24'],
  [{ runtimeConfig: { deviceID: '0000:00:1f.6' } }, 'runtimeConfig.deviceID', '0000:00:1f.6'],
  [{ ipam: { type: 'host-local' } }, 'ipam', 'host-local'],
])('what cannot be honoured is refused with 2, with key and value: %j', (more, key, value) => {
  const error = refusal({ ...BASE, ...more });
  expect(error.code).toBe(2);
  expect(error.message).toContain(key);
  expect(error.message).toContain(value);
});

test('an empty ipam and empty ipRanges ask for nothing', () => {
  expect(read({ ...BASE, ipam: {}, runtimeConfig: { ipRanges: [] } }).name).toBe('pods');
});

test.each([
  [{ mtu: 67 }, 'mtu'],
  [{ mtu: '1500' }, 'mtu'],
  [{ ipMasq: 'yes' }, 'ipMasq'],
  [{ type: 7 }, 'type'],
  [{ dns: { nameservers: 'x' } }, 'dns.nameservers'],
  [{ args: { cni: { ips: ['x'] } } }, 'args.cni.ips[0]'],
  [{ args: [] }, 'args'],
  [{ prevResult: { ips: [{ address: '10.0.0.1' }] } }, 'prevResult.ips[0].address'],
  [{ prevResult: { ips: [{ address: '10.0.0.1/24', interface: 0 }] } }, 'prevResult.ips[0].interface'],
  [{ prevResult: { interfaces: [{}] } }, 'prevResult.interfaces[0].name'],
  [{ prevResult: 'x' }, 'prevResult'],
])('%j is refused with 7, naming the field', (more, at) => {
  expect(refusal({ ...BASE, ...more })).toMatchObject({ code: 7, message: expect.stringContaining(at) });
});

test('an mtu of 0 is none', () => {
  expect(read({ ...BASE, mtu: 0 }).mtuBytes).toBeUndefined();
  expect(read({ ...BASE, mtu: 1400 }).mtuBytes).toBe(1400);
});

test('CHECK needs prevResult', () => {
  expect(refusal(BASE, 'CHECK')).toMatchObject({ code: 7, message: expect.stringContaining('prevResult') });
  expect(read({ ...BASE, prevResult: { cniVersion: '1.1.0' } }, 'CHECK').prevResult).toBeDefined();
});

test.each([null, 'garbage', 7, [], { ips: 7 }, { ips: [{ address: 'x' }] }, { cniVersion: '9.9.9' }])(
  'DEL takes the prevResult %j as none (C16)',
  (prevResult) => {
    const given = read({ ...BASE, prevResult, runtimeConfig: 'garbage', mtu: 'x', dns: 7, ipam: 7 }, 'DEL').prevResult;
    expect(given?.ips ?? []).toEqual([]);
  },
);

test('GC reads its list, under the older name too, and refuses to go without one', () => {
  const list = [{ containerID: 'c1', ifname: 'eth0' }];
  const keep = [{ containerId: 'c1', ifname: 'eth0' }];
  expect(read({ ...BASE, 'cni.dev/valid-attachments': list }, 'GC').validAttachments).toEqual(keep);
  expect(read({ ...BASE, 'cni.dev/attachments': list }, 'GC').validAttachments).toEqual(keep);
  expect(
    read({ ...BASE, 'cni.dev/valid-attachments': [], 'cni.dev/attachments': list }, 'GC').validAttachments,
  ).toEqual([]);
  // as libcni writes an empty list
  expect(read({ ...BASE, 'cni.dev/valid-attachments': null }, 'GC').validAttachments).toEqual([]);
  expect(refusal(BASE, 'GC')).toMatchObject({ code: 7, message: expect.stringContaining('cni.dev/valid-attachments') });
  expect(refusal({ ...BASE, 'cni.dev/valid-attachments': [{ containerID: 'c1' }] }, 'GC').message).toContain(
    '[0].ifname',
  );
});

test('1 MiB of configuration is read (C38)', () => {
  expect(read({ ...BASE, padding: 'x'.repeat(1 << 20) }).name).toBe('pods');
});

test('keys of other people pass, also such as an object inherits', () => {
  expect(
    read('{"cniVersion":"1.1.0","name":"pods","type":"t","__proto__":{"mtu":"x"},"constructor":1}').mtuBytes,
  ).toBeUndefined();
});

test('a wish is taken from the capability, else from args, else from CNI_ARGS', () => {
  const env = readArgs('IP=10.0.0.1;MAC=02:00:00:00:00:01');
  const inFile = { cni: { ips: ['10.0.0.2'], mac: '02:00:00:00:00:02' } };
  const capable = { ips: ['10.0.0.3'], mac: '02:00:00:00:00:03', dns: { servers: ['10.0.0.53'] } };
  expect(wantedIps(read(BASE), env)).toEqual(['10.0.0.1']);
  expect(wantedIps(read({ ...BASE, args: inFile }), env)).toEqual(['10.0.0.2']);
  const all = read({ ...BASE, args: inFile, runtimeConfig: capable, dns: { nameservers: ['10.0.0.54'] } });
  expect(wantedIps(all, env)).toEqual(['10.0.0.3']);
  expect(wantedMac(all, env)).toBe('02:00:00:00:00:03');
  expect(wantedDns(all)?.nameservers).toEqual(['10.0.0.53']);
  expect(wantedDns(read({ ...BASE, dns: { domain: 'shop' } }))?.domain).toBe('shop');
  expect(wantedDns(read(BASE))).toBeUndefined();
});

test('an error bears the version of the configuration when it can be read', () => {
  expect(versionForError(utf8('{"cniVersion":"0.4.0"}'))).toBe('0.4.0');
  for (const stdin of ['', '{', '[]', '{"cniVersion":7}', '{"cniVersion":"0.2.0"}'])
    expect(versionForError(utf8(stdin))).toBe('1.1.0');
});
