import type { Address } from '../../base/ip.ts';
import { mac, type Mac } from '../../base/mac.ts';
import { address } from '../../base/ip.ts';
import { oneAddress } from './args.ts';
import { CniError } from './error.ts';
import { excerpt, field, given, items, object, parsed, text, texts, whole, wrong, type Place } from './place.ts';
import { emptyDns, readDns, type Dns } from './result.ts';

/**
 * What the runtime asks for this one attachment, by the capabilities of the configuration (CONVENTIONS.md of the
 * specification).
 */
export interface RuntimeConfig {
  readonly portMappings: readonly PortMapping[];
  readonly bandwidth: Bandwidth | undefined;
  readonly ips: readonly Address[];
  readonly mac: Mac | undefined;
  readonly dns: Dns | undefined;
}

/** A port of the node that leads to one of the pod. `hostIp` absent: every address of the node. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostPort: number;
  readonly containerPort: number;
  readonly hostIp?: Address;
}

/** Limits seen from the pod: `ingress` is what it receives. Bits per second and bits; absent: unlimited. */
export interface Bandwidth {
  readonly ingress?: Bucket;
  readonly egress?: Bucket;
}

export interface Bucket {
  readonly rateBits: number; // per second
  readonly burstBits: number;
}

/** `args.cni` of the configuration: wishes written into the file itself. */
export interface ArgsConfig {
  readonly ips: readonly Address[];
  readonly mac: Mac | undefined;
}

/** A runtimeConfig that asks for nothing. */
export const nothingAsked: RuntimeConfig = {
  portMappings: [],
  bandwidth: undefined,
  ips: [],
  mac: undefined,
  dns: undefined,
};

/**
 * Capabilities that change what a pod gets and that Berth cannot honour: refused, where ignoring them would mislead.
 */
const UNSUPPORTED = ['ipRanges', 'infinibandGUID', 'deviceID'];

/**
 * Reads runtimeConfig. Throws CniError(invalidConfig) with the path of the field, or CniError(unsupportedField).
 * Unknown keys pass.
 */
export function readRuntimeConfig(of: Place): RuntimeConfig {
  if (!given(of)) return nothingAsked;
  refuseUnsupported(of);
  return {
    portMappings: items(field(of, 'portMappings')).flatMap(portMapping),
    bandwidth: bandwidth(field(of, 'bandwidth')),
    ips: addresses(field(of, 'ips')),
    mac: parsed(field(of, 'mac'), mac),
    dns: dns(field(of, 'dns')),
  };
}

/** Reads `args.cni`. Throws CniError(invalidConfig). */
export function readArgsConfig(of: Place): ArgsConfig {
  return { ips: addresses(field(of, 'ips')), mac: parsed(field(of, 'mac'), mac) };
}

function refuseUnsupported(of: Place): void {
  for (const key of UNSUPPORTED) {
    const place = field(of, key);
    if (!given(place) || (Array.isArray(place.value) && place.value.length === 0)) continue;
    throw new CniError('unsupportedField', `${place.at}: ${excerpt(place.value)} is not supported`, {
      details: `remove "${key}" from the capabilities of the configuration`,
    });
  }
}

/**
 * hostPort 0 (or absent) maps nothing, as with the reference portmap plugin: Kubernetes lists container ports that way.
 */
function portMapping(of: Place): readonly PortMapping[] {
  object(of);
  const hostPort = whole(field(of, 'hostPort'), 0, 65_535) ?? 0;
  if (hostPort === 0) return [];
  const containerPort = whole(field(of, 'containerPort'), 1, 65_535);
  if (containerPort === undefined) throw new CniError('invalidConfig', `${of.at}.containerPort is missing`);
  const hostIp = parsed(field(of, 'hostIP'), address);
  const everywhere = hostIp === undefined || hostIp === '0.0.0.0' || hostIp === '::';
  return [{ protocol: protocol(field(of, 'protocol')), hostPort, containerPort, ...(everywhere ? {} : { hostIp }) }];
}

function protocol(of: Place): PortMapping['protocol'] {
  const said = (text(of) ?? '').toLowerCase() || 'tcp'; // Kubernetes' default, and what docker and podman mean
  if (said === 'tcp' || said === 'udp' || said === 'sctp') return said;
  throw wrong(of, 'tcp, udp or sctp');
}

function bandwidth(of: Place): Bandwidth | undefined {
  if (!given(of)) return undefined;
  const ingress = bucket(of, 'ingress');
  const egress = bucket(of, 'egress');
  if (ingress === undefined && egress === undefined) return undefined;
  return { ...(ingress === undefined ? {} : { ingress }), ...(egress === undefined ? {} : { egress }) };
}

function bucket(of: Place, direction: 'ingress' | 'egress'): Bucket | undefined {
  const rateBits = whole(field(of, `${direction}Rate`), 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const burst = field(of, `${direction}Burst`);
  const burstBits = whole(burst, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  if (rateBits === 0) return undefined;
  if (burstBits === 0)
    throw new CniError('invalidConfig', `${burst.at} is missing; a rate needs a burst, in bits, or nothing would pass`);
  return { rateBits, burstBits };
}

function addresses(of: Place): readonly Address[] {
  return items(of).map((item) => {
    const found = parsed(item, oneAddress);
    if (found === undefined) throw wrong(item, 'an IP address');
    return found;
  });
}

/**
 * The convention's lists, `servers` and `searches`; where they are empty, those of the same form as a network's own
 * `dns`.
 */
function dns(of: Place): Dns | undefined {
  if (!given(of)) return undefined;
  const own = readDns(of);
  const listed = (key: string, otherwise: readonly string[]) => {
    const list = texts(field(of, key));
    return list.length > 0 ? list : otherwise;
  };
  const read = { ...own, nameservers: listed('servers', own.nameservers), search: listed('searches', own.search) };
  return emptyDns(read) ? undefined : read;
}
