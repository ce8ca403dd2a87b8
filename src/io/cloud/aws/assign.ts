import {
  AssignIpv6AddressesCommand,
  AssignPrivateIpAddressesCommand,
  UnassignIpv6AddressesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { type Address, address, type Family, familyOf, type Prefix, prefix } from '../../../base/ip.ts';
import type { Given, NicId, NicReport, Unit } from '../../../core/ipam/nic.ts';
import { CloudError, type Urgency } from '../provider.ts';
import type { Ec2 } from './ec2.ts';
import { isAmbiguous } from './errors.ts';
import type { NicsOfInstance } from './nics.ts';

/** So many units of one kind for a NIC. */
export interface Assignment {
  readonly nic: NicId;
  readonly unit: Unit;
  readonly family: Family;
  readonly count: number;
}

/**
 * Asks EC2 for units. EC2 knows no token here: after an answer that was lost, what the NIC has now and had not before
 * is what was given. Only if that is nothing, it is asked again. Throws CloudError.
 */
export async function assign(
  doors: { readonly ec2: Ec2; readonly nics: NicsOfInstance },
  it: Assignment,
  urgency: Urgency,
): Promise<Given> {
  const before = doors.nics.known.find(({ id }) => id === it.nic) ?? (await find(doors.nics, it.nic, urgency));
  for (let tries = 1; ; tries++) {
    try {
      return await once(doors.ec2, { ...it, subnet: before?.subnet }, urgency);
    } catch (error) {
      if (!(error instanceof CloudError) || !isAmbiguous(error) || tries === TRIES) throw error;
      const given = newIn(before, await find(doors.nics, it.nic, urgency), it.family);
      if (given.addresses.length + given.prefixes.length > 0) return given;
    }
  }
}

const TRIES = 4;

/** Takes units back. What is not there is success. Throws CloudError. */
export async function unassign(
  ec2: Ec2,
  nic: NicId,
  what: readonly (Address | Prefix)[],
  urgency: Urgency,
): Promise<void> {
  const of = (family: Family, isRange: boolean): string[] =>
    what.filter((it) => familyOf(it) === family && it.includes('/') === isRange);
  const [addresses4, prefixes4, addresses6, prefixes6] = [
    of('v4', false),
    of('v4', true),
    of('v6', false),
    of('v6', true),
  ];
  const asking = { urgency, again: true };
  const calls: (() => Promise<unknown>)[] = [];
  if (addresses4.length + prefixes4.length > 0)
    calls.push(() =>
      ec2.ask({ ...asking, action: 'UnassignPrivateIpAddresses' }, (client) =>
        client.send(
          new UnassignPrivateIpAddressesCommand({
            NetworkInterfaceId: nic,
            ...(addresses4.length > 0 ? { PrivateIpAddresses: addresses4 } : {}),
            ...(prefixes4.length > 0 ? { Ipv4Prefixes: prefixes4 } : {}),
          }),
        ),
      ),
    );
  if (addresses6.length + prefixes6.length > 0)
    calls.push(() =>
      ec2.ask({ ...asking, action: 'UnassignIpv6Addresses' }, (client) =>
        client.send(
          new UnassignIpv6AddressesCommand({
            NetworkInterfaceId: nic,
            ...(addresses6.length > 0 ? { Ipv6Addresses: addresses6 } : {}),
            ...(prefixes6.length > 0 ? { Ipv6Prefixes: prefixes6 } : {}),
          }),
        ),
      ),
    );
  for (const call of calls) await goneIsFine(call);
}

async function once(ec2: Ec2, it: Assignment & { subnet: string | undefined }, urgency: Urgency): Promise<Given> {
  const common = { urgency, again: false, ...(it.subnet === undefined ? {} : { subnet: it.subnet }) };
  if (it.family === 'v6') {
    const answer = await ec2.ask({ ...common, action: 'AssignIpv6Addresses' }, (client) =>
      client.send(
        new AssignIpv6AddressesCommand({
          NetworkInterfaceId: it.nic,
          ...(it.unit === 'prefix' ? { Ipv6PrefixCount: it.count } : { Ipv6AddressCount: it.count }),
        }),
      ),
    );
    return given(answer.AssignedIpv6Addresses ?? [], answer.AssignedIpv6Prefixes ?? []);
  }
  const answer = await ec2.ask({ ...common, action: 'AssignPrivateIpAddresses' }, (client) =>
    client.send(
      new AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: it.nic,
        ...(it.unit === 'prefix' ? { Ipv4PrefixCount: it.count } : { SecondaryPrivateIpAddressCount: it.count }),
      }),
    ),
  );
  return given(
    (answer.AssignedPrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress: ip }) => ip ?? []),
    (answer.AssignedIpv4Prefixes ?? []).flatMap(({ Ipv4Prefix: range }) => range ?? []),
  );
}

function given(addresses: readonly string[], prefixes: readonly string[]): Given {
  return { addresses: addresses.map(address), prefixes: prefixes.map(prefix) };
}

async function find(nics: NicsOfInstance, id: NicId, urgency: Urgency): Promise<NicReport | undefined> {
  return (await nics.ask(urgency)).find((it) => it.id === id);
}

function newIn(before: NicReport | undefined, after: NicReport | undefined, family: Family): Given {
  const had = new Set<string>([...(before?.addresses ?? []), ...(before?.prefixes ?? [])]);
  const fresh = <T extends Address | Prefix>(all: readonly T[] = []) =>
    all.filter((it) => familyOf(it) === family && !had.has(it));
  return { addresses: fresh(after?.addresses), prefixes: fresh(after?.prefixes) };
}

/** EC2 refuses the whole of a list when one of it is not there any more. */
async function goneIsFine(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const gone = error instanceof CloudError && (error.kind === 'gone' || NOT_ASSIGNED.test(error.message));
    if (!gone) throw error;
  }
}

const NOT_ASSIGNED = /(is|are) not assigned to (the )?interface|do(es)? not exist/i;
