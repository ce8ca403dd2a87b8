import { isIP, isIPv4 } from 'node:net';
import type { PluginExit } from './libcni/exec.ts';
import type { Json } from './libcni/network-list.ts';
import { versionAtLeast } from './libcni/network-list.ts';
import { must } from './verdict.ts';

// The judge knows the specification and nothing of any plugin's code.

export interface SaidError {
  readonly code: number;
  readonly text: string; // message and details
}

/** The exit must be a refusal: not 0, and one JSON error on stdout; with this code, where one is given. */
export function refusal(exit: PluginExit, what: string, code?: number): SaidError {
  must(exit.signal === '', `${what}: ended by ${exit.signal}`);
  must(exit.exitCode !== 0, `${what}: exit code 0`);
  const said = oneJson(exit, what);
  const got = said['code'];
  must(typeof got === 'number' && got > 0, `${what}: no code in ${exit.stdout.slice(0, 200)}`);
  must(typeof said['msg'] === 'string' && said['msg'] !== '', `${what}: no msg in ${exit.stdout.slice(0, 200)}`);
  const text = `${said['msg']}; ${typeof said['details'] === 'string' ? said['details'] : ''}`;
  must(code === undefined || got === code, `${what}: code ${got}, not ${code}: ${text.slice(0, 200)}`);
  return { code: got, text };
}

/** The exit must be a success. Without a result: nothing on stdout. */
export function success(exit: PluginExit, what: string): void {
  const said = exit.stdout.slice(0, 200) || exit.stderr.slice(0, 200);
  must(exit.exitCode === 0, `${what}: ${exit.signal || `exit code ${exit.exitCode}`}: ${said}`);
}

/** stdout must be exactly one JSON object. */
export function oneJson(exit: PluginExit, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(exit.stdout); // two documents, or a log line beside one, are no JSON
  } catch {
    must(false, `${what}: stdout is not one JSON document: ${exit.stdout.slice(0, 200)}`);
  }
  must(typeof value === 'object' && value !== null && !Array.isArray(value), `${what}: stdout is no JSON object`);
  return value as Json;
}

/**
 * What is wrong with the shape of a result, by the text of the specification of that version. A delegate for addresses
 * has no interfaces.
 */
export function shapeFaults(result: Json, version: string, ipam = false): readonly string[] {
  const faults: string[] = [];
  const say = (holds: boolean, fault: string) => holds || faults.push(fault);
  say(result['cniVersion'] === version, `cniVersion is ${JSON.stringify(result['cniVersion'])}`);
  const interfaces = objects(result['interfaces']);
  const newer = versionAtLeast(version, '1.1.0');
  interfaces.forEach((link, i) => {
    say(typeof link['name'] === 'string' && link['name'] !== '', `interfaces[${i}] has no name`);
    say(newer || !['mtu', 'socketPath', 'pciID'].some((key) => key in link), `interfaces[${i}] has a field of 1.1.0`);
  });
  const ips = objects(result['ips']);
  say(ips.length > 0, 'no ips');
  ips.forEach((ip, i) => {
    const [address = '', length = ''] = String(ip['address']).split('/');
    say(isIP(address) > 0 && /^\d+$/.test(length), `ips[${i}].address is ${JSON.stringify(ip['address'])}`);
    const gateway = ip['gateway'];
    say(gateway === undefined || (typeof gateway === 'string' && isIP(gateway) > 0), `ips[${i}].gateway is no address`);
    const wanted = versionAtLeast(version, '1.0.0') ? undefined : isIPv4(address) ? '4' : '6';
    say(ip['version'] === wanted, `ips[${i}].version is ${JSON.stringify(ip['version'])}, not ${wanted ?? 'absent'}`);
    const at = ip['interface'];
    const points = typeof at === 'number' && interfaces[at] !== undefined;
    say(ipam ? at === undefined : points, `ips[${i}].interface is ${JSON.stringify(at)}`);
  });
  objects(result['routes']).forEach((route, i) => {
    say(typeof route['dst'] === 'string' && route['dst'].includes('/'), `routes[${i}].dst is no range`);
    say(
      newer || !['mtu', 'advmss', 'priority', 'table', 'scope'].some((key) => key in route),
      `routes[${i}] has a field of 1.1.0`,
    );
  });
  return faults;
}

/** The objects of a list; none for what is no list. */
export function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter((each): each is Json => typeof each === 'object' && each !== null) : [];
}

/** The addresses of a result, without the length of their networks. */
export function addressesOf(result: Json): readonly string[] {
  return objects(result['ips']).map((ip) => String(ip['address']).split('/')[0] ?? '');
}
