import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../base/ip.ts';
import {
  interfaceIn,
  mergeResult,
  noDns,
  noResult,
  parseResult,
  readResult,
  writeResult,
  type CniResult,
} from './result.ts';
import { atLeast, SUPPORTED_VERSIONS, type CniVersion } from './version.ts';

/** Everything a result can hold. */
const RICH: CniResult = {
  interfaces: [
    { name: 'bthabcdefghijkl', mac: '0a:58:00:00:00:01', mtuBytes: 1450 },
    {
      name: 'eth0',
      mac: '0a:58:00:00:00:02',
      mtuBytes: 1450,
      sandbox: '/run/netns/c1',
      socketPath: '/s',
      pciId: '0000:00:1f.6',
    },
  ],
  ips: [
    { address: interfaceAddress('10.1.0.5/32'), gateway: address('169.254.1.1'), interface: 1 },
    { address: interfaceAddress('fd00::5/128'), gateway: address('fe80::1'), interface: 1 },
  ],
  routes: [
    {
      to: prefix('0.0.0.0/0'),
      via: address('169.254.1.1'),
      mtuBytes: 1400,
      advmss: 1360,
      priority: 5,
      table: 0,
      scope: 0,
    },
    { to: prefix('::/0'), via: address('fe80::1') },
    { to: interfaceAddress('10.9.9.9/24') },
  ],
  dns: { nameservers: ['10.96.0.10'], domain: 'shop.svc', search: ['svc.cluster.local'], options: ['ndots:5'] },
};

/** What of a result a version can say. */
function sayable(result: CniResult, version: CniVersion): CniResult {
  if (atLeast(version, '1.1.0')) return result;
  return {
    ...result,
    interfaces: result.interfaces.map(({ name, mac, sandbox }) => ({
      name,
      ...(mac === undefined ? {} : { mac }),
      ...(sandbox === undefined ? {} : { sandbox }),
    })),
    routes: result.routes.map(({ to, via }) => ({ to, ...(via === undefined ? {} : { via }) })),
  };
}

test.each([...SUPPORTED_VERSIONS])('the result of %s is its golden file, both ways (C8)', (version) => {
  const file = new URL(`testdata/result-${version}.json`, import.meta.url);
  const written = JSON.stringify(JSON.parse(writeResult(RICH, version)), null, 2);
  if (process.env['UPDATE'] === '1') writeFileSync(file, `${written}\n`);
  const golden = readFileSync(file, 'utf8');
  expect(`${written}\n`).toBe(golden);
  expect(readResult({ at: '', value: JSON.parse(golden) })).toEqual(sayable(RICH, version));
});

test.each([...SUPPORTED_VERSIONS])(
  'at %s ips have a version exactly when the specification wants one (C8)',
  (version) => {
    const { cniVersion, ips } = JSON.parse(writeResult(RICH, version));
    expect(cniVersion).toBe(version); // C9
    expect(ips.map((ip: { version?: string }) => ip.version)).toEqual(
      version < '1' ? ['4', '6'] : [undefined, undefined],
    );
  },
);

const anyAddress = fc.oneof(
  fc.ipV4().map(address),
  fc.ipV6().map((text) => address(text)),
);
const anyInterfaceAddress = anyAddress.map((it) => interfaceAddress(`${it}/${it.includes(':') ? 64 : 24}`));
const name = fc.string({ minLength: 1, maxLength: 15 });
const number = fc.integer({ min: 1, max: 0xffff_ffff });
const optional = { requiredKeys: [] as never[] };

const anyResult: fc.Arbitrary<CniResult> = fc
  .array(
    fc.record(
      { name, mac: name, mtuBytes: number, socketPath: name, pciId: name, sandbox: name },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 4 },
  )
  .chain((interfaces) =>
    fc.record({
      interfaces: fc.constant(interfaces),
      ips: fc.array(
        fc.record(
          {
            address: anyInterfaceAddress,
            gateway: anyAddress,
            ...(interfaces.length === 0 ? {} : { interface: fc.nat({ max: interfaces.length - 1 }) }),
          },
          { requiredKeys: ['address'] },
        ),
        { maxLength: 4 },
      ),
      routes: fc.array(
        fc.record(
          {
            to: anyInterfaceAddress,
            via: anyAddress,
            mtuBytes: number,
            advmss: number,
            priority: number,
            table: fc.nat(),
            scope: fc.nat(255),
          },
          { requiredKeys: ['to'] },
        ),
        { maxLength: 4 },
      ),
      dns: fc
        .record({ nameservers: fc.array(name), search: fc.array(name), options: fc.array(name) })
        .chain((lists) => fc.record({ domain: name }, optional).map((domain) => ({ ...lists, ...domain }))),
    }),
  );

test('what is written is read again, as far as the version can say it', () => {
  fc.assert(
    fc.property(anyResult, fc.constantFrom(...SUPPORTED_VERSIONS), (result, version) => {
      expect(parseResult(writeResult(result, version))).toEqual(sayable(result, version));
    }),
  );
});

test('merging keeps all that was before, in its place, and points our addresses at our interfaces (C34)', () => {
  fc.assert(
    fc.property(anyResult, anyResult, (before, ours) => {
      const merged = mergeResult(before, ours);
      for (const part of ['interfaces', 'ips', 'routes'] as const) {
        expect(merged[part].slice(0, before[part].length)).toEqual(before[part]);
        expect(merged[part].length).toBe(before[part].length + ours[part].length);
      }
      ours.ips.forEach((ip, i) => {
        const at = merged.ips[before.ips.length + i]?.interface;
        if (ip.interface === undefined) expect(at).toBeUndefined();
        else expect(merged.interfaces[at ?? -1]).toEqual(ours.interfaces[ip.interface]);
      });
      expect(merged.dns.nameservers.slice(0, before.dns.nameservers.length)).toEqual(before.dns.nameservers);
      expect(merged.dns.domain).toBe(before.dns.domain ?? ours.dns.domain);
    }),
  );
});

test('merged into nothing, a result is itself', () => {
  expect(mergeResult(noResult, RICH)).toEqual(RICH);
  expect(mergeResult(RICH, noResult)).toEqual(RICH);
});

test('a name server that was there before is not told twice', () => {
  const dns = { ...noDns, nameservers: ['a', 'b'] };
  expect(
    mergeResult({ ...noResult, dns }, { ...noResult, dns: { ...dns, nameservers: ['b', 'c'] } }).dns.nameservers,
  ).toEqual(['a', 'b', 'c']);
});

test('CHECK finds the link of the sandbox, not its namesake on the host', () => {
  const namesakes = { ...RICH, interfaces: [{ name: 'eth0', mtuBytes: 9000 }, ...RICH.interfaces] };
  expect(interfaceIn(namesakes, 'eth0', '/run/netns/c1')?.mtuBytes).toBe(1450);
  expect(interfaceIn(RICH, 'eth0', '/run/netns/c2')).toBeUndefined();
});

test('an interface index of -1 is none', () => {
  expect(readResult({ at: '', value: { ips: [{ address: '10.0.0.1/24', interface: -1 }] } }).ips).toEqual([
    { address: '10.0.0.1/24' },
  ]);
});
