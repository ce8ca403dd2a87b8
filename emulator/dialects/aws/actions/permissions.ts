import { familyOf, type Prefix } from '../../../../src/base/ip.ts';
import type { GroupRule } from '../../../cloud/nouns.ts';
import type { NewRule } from '../../../cloud/request.ts';
import { ApiError } from '../api-error.ts';
import type { Params } from '../params.ts';

/** IpPermissions.N, or a single rule in the parameters themselves, as rules one by one. Throws ApiError. */
export function readPermissions(params: Params): readonly NewRule[] {
  const single = params.text('IpProtocol') === undefined ? [] : readPermission(params, readSinglePeer(params));
  const rows = params.rows('IpPermissions').flatMap((row) => readPermission(row, readPeers(row)));
  const all = [...single, ...rows];
  const said = all.map(({ protocol, ports, peer }) => JSON.stringify([protocol, ports, peer]));
  if (new Set(said).size < said.length)
    throw new ApiError('InvalidParameterValue', 'The same permission must not appear multiple times');
  return all;
}

interface Peer {
  readonly peer: GroupRule['peer'];
  readonly description?: string;
}

function readPermission(row: Params, peers: readonly Peer[]): readonly NewRule[] {
  const name = row.needed('IpProtocol');
  const protocol = protocolOf(name, row);
  const from = row.number('FromPort');
  const to = row.number('ToPort');
  if (peers.length === 0)
    throw new ApiError('InvalidParameterValue', 'A rule needs at least one range, group or prefix list');
  const ports = portsOf(protocol, { from, to });
  return peers.map((peer) => ({ protocol, ...(ports === undefined ? {} : { ports }), ...peer }));
}

const NUMBERS: Readonly<Record<number, GroupRule['protocol']>> = {
  [-1]: 'all',
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
};

function protocolOf(name: string, row: Params): GroupRule['protocol'] {
  if (name === 'tcp' || name === 'udp' || name === 'icmp' || name === 'icmpv6') return name;
  const number = /^(-1|\d{1,3})$/.test(name) ? Number(name) : Number.NaN;
  if (Number.isNaN(number) || number > 255) throw row.invalid('IpProtocol', name, 'IP protocol');
  return NUMBERS[number] ?? number;
}

/** All protocols have all ports, whatever is sent; ICMP's −1 is all types and codes. */
function portsOf(
  protocol: GroupRule['protocol'],
  { from, to }: { readonly from: number | undefined; readonly to: number | undefined },
): GroupRule['ports'] {
  if (protocol === 'all' || typeof protocol === 'number') return undefined;
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    if (from === undefined || from === -1) return undefined;
    return { from, to: to ?? -1 };
  }
  if (from === undefined || to === undefined)
    throw new ApiError(
      'InvalidParameterValue',
      `Invalid value '${from ?? 'null'}' for portRange. Must specify both from and to ports with TCP/UDP.`,
    );
  if (from < 0 || to > 65_535 || from > to)
    throw new ApiError('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
  return { from, to };
}

function readSinglePeer(params: Params): readonly Peer[] {
  const range = params.range('CidrIp');
  return range === undefined ? [] : [{ peer: { range } }];
}

function readPeers(row: Params): readonly Peer[] {
  row.ignore('PrefixListIds');
  return [
    ...row.rows('Groups').map((it) => {
      it.ignore('UserId', 'VpcId');
      return peerOf({ group: it.id('GroupId') }, it);
    }),
    ...row.rows('IpRanges').map((it) => peerOf({ range: rangeOf(it, 'CidrIp', 'v4') }, it)),
    ...row.rows('Ipv6Ranges').map((it) => peerOf({ range: rangeOf(it, 'CidrIpv6', 'v6') }, it)),
  ];
}

function peerOf(peer: GroupRule['peer'], it: Params): Peer {
  const description = it.text('Description');
  return description === undefined ? { peer } : { peer, description };
}

function rangeOf(it: Params, name: string, family: 'v4' | 'v6'): Prefix {
  const range = it.range(name);
  if (range === undefined) throw it.missing(name);
  if (familyOf(range) !== family) throw new ApiError('InvalidParameterValue', `CIDR block ${range} is malformed`);
  return range;
}
