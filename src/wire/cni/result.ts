import {
  familyOf,
  interfaceAddress,
  address,
  type Address,
  type InterfaceAddress,
  type Prefix,
} from '../../base/ip.ts';
import { field, given, items, needParsed, needText, parsed, text, texts, whole, wrong, type Place } from './place.ts';
import { atLeast, supportedVersion, type CniVersion } from './version.ts';

/**
 * What an ADD answers, whatever the version: spec 1.1, section 5. What a version lacks is left out when it is written.
 */
export interface CniResult {
  readonly interfaces: readonly ResultInterface[];
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns;
}

/** One link that the chain made. `sandbox` is the path of its namespace; absent or '': on the host. */
export interface ResultInterface {
  readonly name: string;
  readonly mac?: string; //        not Mac: other plugins' links may have hardware addresses of other kinds
  readonly mtuBytes?: number; //   these three since 1.1.0
  readonly socketPath?: string;
  readonly pciId?: string;
  readonly sandbox?: string;
}

/** An address; `interface` is an index into the result's interfaces. */
export interface ResultIp {
  readonly address: InterfaceAddress;
  readonly gateway?: Address;
  readonly interface?: number;
}

/** A route. The numbers are since 1.1.0. */
export interface ResultRoute {
  readonly to: Prefix | InterfaceAddress; // a plugin before us may have left host bits set: passed on as they are
  readonly via?: Address;
  readonly mtuBytes?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export const noDns: Dns = { nameservers: [], search: [], options: [] };

/** A result that holds nothing: what to merge ours into when we are the first of the chain. */
export const noResult: CniResult = { interfaces: [], ips: [], routes: [], dns: noDns };

export function emptyDns(dns: Dns): boolean {
  return dns.nameservers.length + dns.search.length + dns.options.length === 0 && dns.domain === undefined;
}

/**
 * Reads a result of any supported version. Throws CniError with the field's path; incompatibleVersion when its own
 * cniVersion is not ours.
 */
export function readResult(of: Place): CniResult {
  const version = text(field(of, 'cniVersion')) ?? '';
  if (version !== '') supportedVersion(version); // absent: it is the configuration's, as libcni reads it
  const interfaces = items(field(of, 'interfaces')).map(readInterface);
  return {
    interfaces,
    ips: items(field(of, 'ips')).map((ip) => readIp(ip, interfaces.length)),
    routes: items(field(of, 'routes')).map(readRoute),
    dns: readDns(field(of, 'dns')),
  };
}

/**
 * Reads a result that we wrote ourselves, such as the one in an attachment's record. Throws CniError, and SyntaxError
 * for no JSON.
 */
export function parseResult(json: string): CniResult {
  return readResult({ at: 'result', value: JSON.parse(json) });
}

/** Reads nameservers, domain, search and options. All absent: `noDns`. Throws CniError(invalidConfig). */
export function readDns(of: Place): Dns {
  if (!given(of)) return noDns;
  return {
    nameservers: texts(field(of, 'nameservers')),
    ...some('domain', text(field(of, 'domain')) || undefined),
    search: texts(field(of, 'search')),
    options: texts(field(of, 'options')),
  };
}

/**
 * What we made, added to what the chain before us made: everything of it stays, in its order, ours behind it with
 * indexes shifted. Of DNS the earlier lists come first, without repetition; the earlier domain stays.
 */
export function mergeResult(before: CniResult, ours: CniResult): CniResult {
  const shift = before.interfaces.length;
  const union = (a: readonly string[], b: readonly string[]) => [...a, ...b.filter((it) => !a.includes(it))];
  return {
    interfaces: [...before.interfaces, ...ours.interfaces],
    ips: [
      ...before.ips,
      ...ours.ips.map((ip) => (ip.interface === undefined ? ip : { ...ip, interface: ip.interface + shift })),
    ],
    routes: [...before.routes, ...ours.routes],
    dns: {
      nameservers: union(before.dns.nameservers, ours.dns.nameservers),
      ...some('domain', before.dns.domain ?? ours.dns.domain),
      search: union(before.dns.search, ours.dns.search),
      options: union(before.dns.options, ours.dns.options),
    },
  };
}

/** The link of a result that is in a sandbox under this name: what CHECK compares MAC and MTU with. */
export function interfaceIn(result: CniResult, ifname: string, sandbox: string): ResultInterface | undefined {
  return result.interfaces.find((link) => link.name === ifname && link.sandbox === sandbox);
}

/** The result as the JSON document of a version, for stdout. What is undefined JSON leaves out. */
export function writeResult(result: CniResult, version: CniVersion): string {
  const new11 = atLeast(version, '1.1.0');
  const versioned = !atLeast(version, '1.0.0');
  return JSON.stringify({
    cniVersion: version,
    interfaces: orNone(result.interfaces.map((link) => writeInterface(link, new11))),
    ips: orNone(result.ips.map((ip) => writeIp(ip, versioned))),
    routes: orNone(result.routes.map((route) => writeRoute(route, new11))),
    dns: writeDns(result.dns),
  });
}

function readInterface(of: Place): ResultInterface {
  return {
    name: needText(field(of, 'name')),
    ...some('mac', text(field(of, 'mac')) || undefined),
    ...some('mtuBytes', whole(field(of, 'mtu'), 0, U32) || undefined),
    ...some('socketPath', text(field(of, 'socketPath')) || undefined),
    ...some('pciId', text(field(of, 'pciID')) || undefined),
    ...some('sandbox', text(field(of, 'sandbox')) || undefined),
  };
}

function readIp(of: Place, interfaces: number): ResultIp {
  const index = field(of, 'interface');
  const at = whole(index, -1, U32);
  if (at !== undefined && at >= interfaces) throw wrong(index, `the index of one of ${interfaces} interfaces`);
  return {
    address: needParsed(field(of, 'address'), interfaceAddress),
    ...some('gateway', parsed(field(of, 'gateway'), address)),
    ...some('interface', at === -1 ? undefined : at), // -1 is how some older plugins say "none"
  };
}

function readRoute(of: Place): ResultRoute {
  const number = (key: string, max = U32) => whole(field(of, key), 0, max);
  return {
    to: needParsed(field(of, 'dst'), interfaceAddress),
    ...some('via', parsed(field(of, 'gw'), address)),
    ...some('mtuBytes', number('mtu') || undefined),
    ...some('advmss', number('advmss') || undefined),
    ...some('priority', number('priority') || undefined),
    ...some('table', number('table')),
    ...some('scope', number('scope', 255)),
  };
}

function writeInterface({ name, mac, mtuBytes, socketPath, pciId, sandbox }: ResultInterface, new11: boolean): object {
  if (!new11) return { name, mac, sandbox };
  return { name, mac, mtu: mtuBytes, socketPath, pciID: pciId, sandbox };
}

function writeIp({ address: own, gateway, interface: of }: ResultIp, versioned: boolean): object {
  if (!versioned) return { interface: of, address: own, gateway };
  return { version: familyOf(own) === 'v4' ? '4' : '6', interface: of, address: own, gateway };
}

function writeRoute({ to, via, mtuBytes, advmss, priority, table, scope }: ResultRoute, new11: boolean): object {
  return new11 ? { dst: to, gw: via, mtu: mtuBytes, advmss, priority, table, scope } : { dst: to, gw: via };
}

function writeDns({ nameservers, domain, search, options }: Dns): object {
  return { nameservers: orNone(nameservers), domain, search: orNone(search), options: orNone(options) };
}

/** A list that has something in it. */
function orNone<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

const U32 = 0xffff_ffff;

/** The one key, or nothing when there is no value. */
function some<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };
}
