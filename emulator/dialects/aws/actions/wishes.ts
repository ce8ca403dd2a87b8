import type { Address } from '../../../../src/base/ip.ts';
import type { AddressWishes, NewNic, Wish } from '../../../cloud/request.ts';
import { ApiError } from '../api-error.ts';
import type { Params } from '../params.ts';

/** So many, or these; neither, nothing. Throws ApiError for both at once. */
export function wish<T>(count: number | undefined, list: readonly T[], name: string): Wish<T> | undefined {
  if (count !== undefined && list.length > 0)
    throw new ApiError('InvalidParameterCombination', `Only one of ${name} count and ${name} list may be specified`);
  if (list.length > 0) return { list };
  if (count === undefined || count === 0) return undefined;
  if (count < 0) throw new ApiError('InvalidParameterValue', `Invalid value '${count}' for ${name} count`);
  return { count };
}

/** What a new NIC is to hold, as CreateNetworkInterface and RunInstances spell it. Throws ApiError. */
export function readNicAddresses(params: Params): Pick<NewNic, 'primary'> & AddressWishes {
  const rows = params.rows('PrivateIpAddresses').map((row) => {
    const address = row.address('PrivateIpAddress');
    if (address === undefined) throw row.missing('PrivateIpAddress');
    return { address, primary: row.flag('Primary') ?? false };
  });
  const named = rows.filter(({ primary }) => primary).map(({ address }) => address);
  const primary = params.address('PrivateIpAddress') ?? named[0];
  const secondary = rows.filter(({ primary: is }) => !is).map(({ address }) => address);
  const fresh = rows.length > 0 && primary === undefined ? secondary.slice(1) : secondary;
  const first: Address | undefined = primary ?? (rows.length > 0 ? secondary[0] : undefined);
  const addresses = wish(params.number('SecondaryPrivateIpAddressCount'), fresh, 'secondary private IP address');
  const prefixes = wish(params.number('Ipv4PrefixCount'), params.rows('Ipv4Prefix').map(prefix4), 'IPv4 prefix');
  if (addresses !== undefined && prefixes !== undefined)
    throw new ApiError(
      'InvalidParameterCombination',
      'You cannot specify both IPv4 prefixes and secondary private IP addresses',
    );
  return defined({
    primary: first,
    addresses,
    prefixes,
    addresses6: wish(params.number('Ipv6AddressCount'), params.rows('Ipv6Addresses').map(address6), 'IPv6 address'),
    prefixes6: wish(params.number('Ipv6PrefixCount'), params.rows('Ipv6Prefix').map(prefix6), 'IPv6 prefix'),
  });
}

/** Without what is not there. */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, it]) => it !== undefined)) as never;
}

function prefix4(row: Params) {
  const range = row.range('Ipv4Prefix');
  if (range === undefined) throw row.missing('Ipv4Prefix');
  return range;
}

function prefix6(row: Params) {
  const range = row.range('Ipv6Prefix');
  if (range === undefined) throw row.missing('Ipv6Prefix');
  return range;
}

function address6(row: Params) {
  const it = row.address('Ipv6Address', 'v6');
  if (it === undefined) throw row.missing('Ipv6Address');
  return it;
}
