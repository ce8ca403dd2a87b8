import type { Action } from '../action.ts';
import { ApiError } from '../api-error.ts';
import type { Answer } from '../../../cloud/answer.ts';
import { items, leaf, NOTHING, together, type Xml } from '../xml.ts';
import { simple } from './simple.ts';
import { defined, wish } from './wishes.ts';

/** Addresses and prefixes of network interfaces. */
export const ADDRESSES: Readonly<Record<string, Action>> = {
  AssignPrivateIpAddresses: {
    category: 'mutating',
    read: (params) => {
      const nic = params.id('NetworkInterfaceId');
      const reassign = params.flag('AllowReassignment');
      const addresses = wish(
        params.number('SecondaryPrivateIpAddressCount'),
        params.addresses('PrivateIpAddress'),
        'secondary private IP address',
      );
      const prefixes = wish(params.number('Ipv4PrefixCount'), params.ranges('Ipv4Prefix'), 'IPv4 prefix');
      oneOf(addresses, prefixes, 'secondaryPrivateIpAddressCount, privateIpAddresses, ipv4PrefixCount or ipv4Prefixes');
      return {
        request: { do: 'assign', nic, ...defined({ reassign, addresses, prefixes }) },
        write: (answer) => {
          const given = givenBy(answer);
          return together(
            leaf('networkInterfaceId', nic),
            items('assignedPrivateIpAddressesSet', given.addresses, (it) => leaf('privateIpAddress', it)),
            listed('assignedIpv4PrefixSet', given.prefixes, (it) => leaf('ipv4Prefix', it)),
            leaf('return', true),
          );
        },
      };
    },
  },
  UnassignPrivateIpAddresses: simple('mutating', (params) => {
    const nic = params.id('NetworkInterfaceId');
    const addresses = params.addresses('PrivateIpAddress');
    const prefixes = params.ranges('Ipv4Prefix');
    oneOf(some(addresses), some(prefixes), 'privateIpAddresses or ipv4Prefixes');
    return { do: 'unassign', nic, ...defined({ addresses: some(addresses), prefixes: some(prefixes) }) };
  }),
  AssignIpv6Addresses: {
    category: 'mutating',
    read: (params) => {
      const nic = params.id('NetworkInterfaceId');
      const list = params.addresses('Ipv6Addresses', 'v6');
      const addresses6 = wish(params.number('Ipv6AddressCount'), list, 'IPv6 address');
      const prefixes6 = wish(params.number('Ipv6PrefixCount'), params.ranges('Ipv6Prefix'), 'IPv6 prefix');
      oneOf(addresses6, prefixes6, 'ipv6AddressCount, ipv6Addresses, ipv6PrefixCount or ipv6Prefixes');
      return {
        request: { do: 'assign', nic, ...defined({ addresses6, prefixes6 }) },
        write: (answer) => {
          const given = givenBy(answer);
          return together(
            leaf('networkInterfaceId', nic),
            items('assignedIpv6Addresses', given.addresses6, text),
            listed('assignedIpv6PrefixSet', given.prefixes6, text),
          );
        },
      };
    },
  },
  UnassignIpv6Addresses: {
    category: 'mutating',
    read: (params) => {
      const nic = params.id('NetworkInterfaceId');
      const addresses6 = params.addresses('Ipv6Addresses', 'v6');
      const prefixes6 = params.ranges('Ipv6Prefix');
      oneOf(some(addresses6), some(prefixes6), 'ipv6Addresses or ipv6Prefixes');
      return {
        request: { do: 'unassign', nic, ...defined({ addresses6: some(addresses6), prefixes6: some(prefixes6) }) },
        write: () =>
          together(
            leaf('networkInterfaceId', nic),
            items('unassignedIpv6Addresses', addresses6, text),
            listed('unassignedIpv6PrefixSet', prefixes6, text),
          ),
      };
    },
  },
};

/** An address or range has no letter that XML minds. */
function text(value: string): Xml {
  return value as Xml;
}

/** No element when there is nothing in it. */
function listed<T>(name: string, all: readonly T[], write: (it: T) => Xml): Xml {
  return all.length === 0 ? NOTHING : items(name, all, write);
}

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function givenBy(answer: Answer): Extract<Answer, { readonly is: 'assigned' }> {
  if (answer.is !== 'assigned') throw new TypeError(`nothing was assigned: ${answer.is}`);
  return answer;
}

/** Throws ApiError when there is neither or both. */
function oneOf(a: unknown, b: unknown, names: string): void {
  if (a === undefined && b === undefined)
    throw new ApiError('MissingParameter', `Either ${names} should be specified.`);
  if (a !== undefined && b !== undefined)
    throw new ApiError('InvalidParameterCombination', `Only one of ${names} may be specified.`);
}
