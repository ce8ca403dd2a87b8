import {
  AssignIpv6AddressesCommand,
  AssignPrivateIpAddressesCommand,
  UnassignIpv6AddressesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { type Address, address, type Family, familyOf, type Prefix, prefix } from '../../../base/ip.ts';
import type { Given, Holdable, NicId, NicReport, Unit } from '../../../core/ipam/nic.ts';
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

export interface AssignDoors {
  readonly ec2: Ec2;
  readonly nics: NicsOfInstance;
}

/** What the NIC had when this was first asked; `again`: that was before, and nobody knows what came of it. */
export interface Asked {
  readonly had?: readonly Holdable[]; // absent: nobody has told
  readonly again: boolean;
}

/**
 * Asks EC2 for units. EC2 knows no token here: after an answer that was lost, what the NIC has now and had not before
 * is what was given. Only if that is nothing, it is asked again. Throws CloudError.
 */
export async function assign(doors: AssignDoors, it: Assignment & Asked, urgency: Urgency): Promise<Given> {
  const before = doors.nics.known.find(({ id }) => id === it.nic) ?? (await find(doors.nics, it.nic, urgency));
  const had = it.had ?? holdingsOf(before);
  if (it.again) {
    const given = newIn(had, await find(doors.nics, it.nic, urgency).catch(unsure), it.family);
    if (given.addresses.length + given.prefixes.length > 0) return { ...given, doubtful: true };
  }
  for (let [tries, lost] = [1, it.again]; ; tries++) {
    try {
      const given = await once(doors.ec2, { ...it, subnet: before?.subnet, patient: !lost }, urgency);
      return lost ? { ...given, doubtful: true } : given;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      lost ||= isAmbiguous(error);
      if (!lost) throw error;
      const now = await find(doors.nics, it.nic, urgency).catch(unsure);
      const given = newIn(had, now, it.family);
      if (given.addresses.length + given.prefixes.length > 0) return { ...given, doubtful: true };
      if (!isAmbiguous(error)) unsure(error);
      if (tries === TRIES) throw error;
    }
  }
}

/** An earlier try may have been given something, whatever is said now: that it was may be why this one is refused. */
function unsure(error: unknown): never {
  if (!(error instanceof CloudError)) throw error;
  const { action, code, message, subnet } = error;
  throw new CloudError('unknown', { action, code, message, ...(subnet === undefined ? {} : { subnet }) });
}

const TRIES = 4;

/**
 * Takes units back. What is not there is success: EC2 refuses the whole of a list when one of it is not there any more,
 * and is then asked for those that are. Throws CloudError.
 */
export async function unassign(doors: AssignDoors, of: Returned, urgency: Urgency): Promise<void> {
  for (const family of ['v4', 'v6'] as const) {
    const what = of.what.filter((it) => familyOf(it) === family);
    if (what.length > 0) await takeBack(doors, { ...of, what }, { family, urgency });
  }
}

/** What a NIC is to have no longer. */
export interface Returned {
  readonly nic: NicId;
  readonly what: readonly (Address | Prefix)[];
}

async function takeBack(
  doors: AssignDoors,
  { nic, what }: Returned,
  as: { readonly family: Family; readonly urgency: Urgency },
): Promise<void> {
  try {
    await takeAllBack(doors.ec2, { nic, what }, as);
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== 'gone') throw error;
    if (what.length === 1) return;
    const report = await find(doors.nics, nic, as.urgency);
    const shown = new Set<string>([...(report?.addresses ?? []), ...(report?.prefixes ?? [])]);
    const left = what.filter((it) => shown.has(it));
    const half = Math.ceil(left.length / 2);
    // all of it still shown: a Describe from before some went
    const parts = left.length < what.length ? [left] : [left.slice(0, half), left.slice(half)];
    for (const part of parts) if (part.length > 0) await takeBack(doors, { nic, what: part }, as);
  }
}

async function takeAllBack(
  ec2: Ec2,
  { nic, what }: Returned,
  { family, urgency }: { readonly family: Family; readonly urgency: Urgency },
): Promise<void> {
  const [addresses, prefixes] = [what.filter((it) => !it.includes('/')), what.filter((it) => it.includes('/'))];
  const some = <K extends string>(key: K, list: readonly string[]) => (list.length === 0 ? {} : { [key]: [...list] });
  if (family === 'v4') {
    const input = {
      NetworkInterfaceId: nic,
      ...some('PrivateIpAddresses', addresses),
      ...some('Ipv4Prefixes', prefixes),
    };
    await ec2.ask({ action: 'UnassignPrivateIpAddresses', urgency, again: true }, (client) =>
      client.send(new UnassignPrivateIpAddressesCommand(input)),
    );
    return;
  }
  const input = { NetworkInterfaceId: nic, ...some('Ipv6Addresses', addresses), ...some('Ipv6Prefixes', prefixes) };
  await ec2.ask({ action: 'UnassignIpv6Addresses', urgency, again: true }, (client) =>
    client.send(new UnassignIpv6AddressesCommand(input)),
  );
}

async function once(
  ec2: Ec2,
  it: Assignment & { readonly subnet: string | undefined; readonly patient: boolean },
  urgency: Urgency,
): Promise<Given> {
  const common = {
    urgency,
    again: false,
    patient: it.patient,
    ...(it.subnet === undefined ? {} : { subnet: it.subnet }),
  };
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

function holdingsOf(nic: NicReport | undefined): readonly Holdable[] {
  return [...(nic?.addresses ?? []), ...(nic?.prefixes ?? [])];
}

function newIn(had: readonly Holdable[], after: NicReport | undefined, family: Family): Given {
  const fresh = <T extends Address | Prefix>(all: readonly T[] = []) =>
    all.filter((it) => familyOf(it) === family && !had.some((one) => one === it));
  return { addresses: fresh(after?.addresses), prefixes: fresh(after?.prefixes) };
}
