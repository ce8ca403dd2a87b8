import { address, addressIn, interfaceAddress, type Address } from '../../base/ip.ts';
import { mac, type Mac } from '../../base/mac.ts';
import { CniError } from './error.ts';

/**
 * What CNI_ARGS tells: a wish for addresses or a MAC, and the pod behind the sandbox. Absent parts are undefined or
 * empty.
 */
export interface CniArgs {
  readonly ips: readonly Address[];
  readonly mac: Mac | undefined;
  readonly podNamespace: string | undefined;
  readonly podName: string | undefined;
  readonly podUid: string | undefined;
  readonly infraContainerId: string | undefined;
}

const KNOWN = [
  'IgnoreUnknown',
  'IP',
  'MAC',
  'K8S_POD_NAMESPACE',
  'K8S_POD_NAME',
  'K8S_POD_UID',
  'K8S_POD_INFRA_CONTAINER_ID',
];

/**
 * Reads CNI_ARGS, "K=V;K=V" (CONVENTIONS.md of the specification). Throws CniError(invalidEnvironment) naming the pair;
 * unknown keys are an error unless IgnoreUnknown is true. With `lenient`, what cannot be read is left out: a DEL must
 * not fail over a wish.
 */
export function readArgs(text: string, lenient = false): CniArgs {
  const pairs = new Map<string, string>();
  for (const pair of text.split(';').filter((part) => part !== '')) {
    const equals = pair.indexOf('=');
    if (equals > 0) pairs.set(pair.slice(0, equals), pair.slice(equals + 1));
    else if (!lenient) throw wrong(`CNI_ARGS holds "${cut(pair)}", not KEY=VALUE`);
  }
  if (!lenient) refuseUnknown(pairs);
  const filled = (key: string) => pairs.get(key) || undefined; // empty is absent
  const read = <T>(key: string, parse: (value: string) => T): T | undefined => {
    const value = filled(key);
    return value === undefined ? undefined : parsed(key, value, parse, lenient);
  };
  return {
    ips: read('IP', (value) => value.split(',').map(oneAddress)) ?? [],
    mac: read('MAC', mac),
    podNamespace: filled('K8S_POD_NAMESPACE'),
    podName: filled('K8S_POD_NAME'),
    podUid: filled('K8S_POD_UID'),
    infraContainerId: filled('K8S_POD_INFRA_CONTAINER_ID'),
  };
}

/**
 * An address, "10.0.0.5", or with the length of its network, "10.0.0.5/24": the length is left out. Throws RangeError.
 */
export function oneAddress(text: string): Address {
  return text.includes('/') ? addressIn(interfaceAddress(text)) : address(text);
}

function refuseUnknown(pairs: ReadonlyMap<string, string>): void {
  const ignore = pairs.get('IgnoreUnknown') ?? '';
  if (/^(1|true)$/i.test(ignore)) return;
  if (!/^(0|false|)$/i.test(ignore)) throw wrong(`CNI_ARGS has IgnoreUnknown=${cut(ignore)}, not 1, 0, true or false`);
  const unknown = [...pairs.keys()].filter((key) => !KNOWN.includes(key));
  if (unknown.length === 0) return;
  throw wrong(`CNI_ARGS has unknown keys: ${cut(unknown.join(', '))}`, 'IgnoreUnknown=1 lets them pass');
}

function parsed<T>(key: string, value: string, parse: (value: string) => T, lenient: boolean): T | undefined {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (lenient) return undefined;
    throw wrong(`CNI_ARGS has ${key}=${cut(value)}: ${cut(error.message)}`);
  }
}

function wrong(message: string, details = ''): CniError {
  return new CniError('invalidEnvironment', message, { details });
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
