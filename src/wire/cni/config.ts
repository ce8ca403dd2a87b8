import { textOf } from '../../base/bytes.ts';
import { CniError } from './error.ts';
import { field, given, items, needText, object, text, truth, whole, excerpt, type Place } from './place.ts';
import { IDENTIFIER } from './request.ts';
import { noDns, readDns, readResult, type CniResult, type Dns } from './result.ts';
import {
  nothingAsked,
  readArgsConfig,
  readRuntimeConfig,
  type ArgsConfig,
  type RuntimeConfig,
} from './runtime-config.ts';
import {
  NEWEST_VERSION,
  requireVerb,
  SUPPORTED_VERSIONS,
  supportedVersion,
  type CniVersion,
  type Verb,
} from './version.ts';

/**
 * What a runtime sends on stdin, checked as far as the verb needs it (spec 1.1, section 1). Keys we do not know are
 * other people's.
 */
export interface NetworkConfig {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly type: string; // '' when not sent
  readonly ipMasq: boolean | undefined;
  readonly mtuBytes: number | undefined;
  readonly dns: Dns;
  readonly runtime: RuntimeConfig;
  readonly args: ArgsConfig;
  readonly prevResult: CniResult | undefined;
  readonly validAttachments: readonly ValidAttachment[]; // GC only
}

/** One attachment that GC must keep: spec 1.1, "cni.dev/valid-attachments". */
export interface ValidAttachment {
  readonly containerId: string;
  readonly ifname: string;
}

/** Linux: an IPv4 link needs 68 bytes at least (RFC 791), and a veth takes 65535 at most (drivers/net/veth.c). */
const MTU_MIN = 68;
const MTU_MAX = 65_535;

/**
 * Reads stdin of a call, in the order of the reference skeleton: JSON (decodingFailure), name (invalidConfig), version
 * (incompatibleVersion), then the rest (invalidConfig or unsupportedField, naming the field by its path). ADD and CHECK
 * are read whole; DEL reads only what names the attachment and takes a garbled rest as absent, for a DEL must succeed;
 * CHECK also needs prevResult, GC its list.
 */
export function readConfig(stdin: Uint8Array, verb: Verb): NetworkConfig {
  const root = parse(stdin);
  const name = nameOf(root);
  const cniVersion = supportedVersion(text(field(root, 'cniVersion')) ?? '');
  requireVerb(verb, cniVersion);
  const config = { ...bare(root, cniVersion, name), validAttachments: verb === 'GC' ? validAttachments(root) : [] };
  if (verb === 'DEL') return { ...config, prevResult: lenientResult(root) };
  if (verb !== 'ADD' && verb !== 'CHECK') return config;
  refuseIpam(root);
  const mtu = field(root, 'mtu');
  return {
    ...config,
    type: text(field(root, 'type')) ?? '',
    ipMasq: truth(field(root, 'ipMasq')),
    mtuBytes: mtu.value === 0 ? undefined : whole(mtu, MTU_MIN, MTU_MAX), // 0 is "not set" to the reference plugins
    dns: readDns(field(root, 'dns')),
    runtime: readRuntimeConfig(field(root, 'runtimeConfig')),
    args: readArgsConfig(field(field(root, 'args'), 'cni')),
    prevResult: prevResult(root, verb === 'CHECK'),
  };
}

/**
 * The cniVersion an error should bear: that of stdin when it can be read and is ours, else the newest. Never throws.
 */
export function versionForError(stdin: Uint8Array): CniVersion {
  try {
    const said = text(field(parse(stdin), 'cniVersion'));
    return SUPPORTED_VERSIONS.find((version) => version === said) ?? NEWEST_VERSION;
  } catch {
    return NEWEST_VERSION; // what is no JSON has no version
  }
}

function parse(stdin: Uint8Array): Place {
  if (stdin.length === 0)
    throw new CniError('decodingFailure', 'stdin is empty; the network configuration belongs there');
  let value: unknown;
  try {
    value = JSON.parse(textOf(stdin));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : '';
    throw new CniError('decodingFailure', `stdin is not JSON: ${why}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { at: '', value };
  throw new CniError('decodingFailure', `stdin is ${excerpt(value)}, not a JSON object`);
}

function nameOf(root: Place): string {
  const name = needText(field(root, 'name'));
  if (IDENTIFIER.test(name)) return name;
  throw new CniError('invalidConfig', `name ${excerpt(name)} is not an identifier: it must match ${IDENTIFIER.source}`);
}

function bare(root: Place, cniVersion: CniVersion, name: string): NetworkConfig {
  const type = field(root, 'type').value;
  return {
    cniVersion,
    name,
    type: typeof type === 'string' ? type : '',
    ipMasq: undefined,
    mtuBytes: undefined,
    dns: noDns,
    runtime: nothingAsked,
    args: { ips: [], mac: undefined },
    prevResult: undefined,
    validAttachments: [],
  };
}

/**
 * An `ipam` section would be silently without effect: addresses come from the agent. An empty one says "none", which is
 * fine.
 */
function refuseIpam(root: Place): void {
  const ipam = field(root, 'ipam');
  if (!given(ipam) || Object.keys(object(ipam)).length === 0) return;
  throw new CniError('unsupportedField', `ipam: ${excerpt(ipam.value)} is not supported`, {
    details:
      "remove it from the configuration: Berth's agent gives the addresses, from the ranges of its own configuration",
  });
}

function prevResult(root: Place, needed: boolean): CniResult | undefined {
  const place = field(root, 'prevResult');
  if (given(place)) return readResult(place);
  if (needed) throw new CniError('invalidConfig', 'prevResult is missing; CHECK needs it');
  return undefined;
}

/** For DEL: "best effort" since specification 1.1.1; runtimes send none, an old one or a garbled one. */
function lenientResult(root: Place): CniResult | undefined {
  try {
    return prevResult(root, false);
  } catch (error) {
    if (error instanceof CniError) return undefined;
    throw error;
  }
}

/**
 * An absent list is an error, not an empty one: that would delete every pod's network. But null is the empty list, as
 * Go's libcni writes it. libcni also sends the key under its older name.
 */
function validAttachments(root: Place): readonly ValidAttachment[] {
  const sent = object(root);
  const key = ['cni.dev/valid-attachments', 'cni.dev/attachments'].find((name) => Object.hasOwn(sent, name));
  if (key === undefined) throw new CniError('invalidConfig', '"cni.dev/valid-attachments" is missing; GC needs it');
  return items(field(root, key)).map((item) => ({
    containerId: needText(field(item, 'containerID')),
    ifname: needText(field(item, 'ifname')),
  }));
}
