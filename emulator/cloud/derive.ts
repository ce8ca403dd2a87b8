import { type Address, contains, type Prefix } from '../../src/base/ip.ts';
import { byText, SortedMap } from '../../src/base/sorted-map.ts';
import type { Cloud } from './cloud.ts';
import type { Holding } from './giving.ts';
import { relisted } from './lately.ts';
import type { Id, Nic } from './nouns.ts';
import {
  holderAt,
  holderWithin,
  newSpace,
  offsetOf,
  type Space,
  taken,
  takenBlock,
  withReservations,
} from './space.ts';
import { isFreeBlock6, taken6 } from './space6.ts';

/** The indexes of a cloud: what is known from its things alone. */
export type Indexes = Pick<Cloud, 'spaces' | 'nicsOf' | 'attachments' | 'publics' | 'lately'>;

/** The indexes made anew from the things, and what cannot be: an address with two holders, or outside of its subnet. */
export function derived(cloud: Omit<Cloud, keyof Indexes>): {
  readonly indexes: Indexes;
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  const spaces = new Map<Id, Space>();
  for (const { id, v4, v6, reservations } of cloud.subnets.values())
    spaces.set(id, withReservations(newSpace(cloud.rules, v4, v6), reservations));
  for (const nic of cloud.nics.values()) claim(spaces, nic, faults);
  for (const { id, subnet, address } of cloud.nats.values())
    claim(spaces, { id, subnet, addresses: [address], prefixes: [], addresses6: [], prefixes6: [] }, faults);
  let publics = SortedMap.empty<Address, Id>(byText);
  for (const { id, publicAddress } of [...cloud.nics.values(), ...cloud.nats.values()]) {
    if (publicAddress === undefined) continue;
    if (publics.has(publicAddress)) faults.push(`${id} and ${publics.get(publicAddress)} both have ${publicAddress}`);
    publics = publics.set(publicAddress, id);
  }
  let all = SortedMap.empty<Id, Space>(byText);
  for (const [id, space] of spaces) all = all.set(id, space);
  let lately = SortedMap.empty<Id, readonly Id[]>(byText);
  for (const [id, is] of cloud.pastNics) lately = relisted(lately, id, { was: undefined, is });
  return { indexes: { spaces: all, ...attachmentsOf(cloud, faults), publics, lately }, faults };
}

function attachmentsOf(cloud: Pick<Cloud, 'nics'>, faults: string[]): Pick<Cloud, 'nicsOf' | 'attachments'> {
  let attachments = SortedMap.empty<Id, Id>(byText);
  const on = new Map<Id, Nic[]>();
  for (const nic of cloud.nics.values()) {
    const { attachment } = nic;
    if (attachment === undefined) continue;
    if (attachments.has(attachment.id)) faults.push(`${nic.id} has an attachment of another NIC, ${attachment.id}`);
    attachments = attachments.set(attachment.id, nic.id);
    on.set(attachment.instance, [...(on.get(attachment.instance) ?? []), nic]);
  }
  let nicsOf = SortedMap.empty<Id, readonly Id[]>(byText);
  for (const [instance, nics] of on) nicsOf = nicsOf.set(instance, inPlace(nics));
  return { attachments, nicsOf };
}

/** The ids of NICs by card and device. */
function inPlace(nics: readonly Nic[]): readonly Id[] {
  const place = ({ attachment: at }: Nic): readonly [number, number] => [at?.card ?? 0, at?.device ?? 0];
  const sorted = nics.toSorted((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
  return sorted.map(({ id }) => id);
}

function claim(spaces: Map<Id, Space>, holder: Holding & Pick<Nic, 'id' | 'subnet'>, faults: string[]): void {
  const { id, subnet } = holder;
  let space = spaces.get(subnet);
  if (space === undefined) {
    faults.push(`${id} is in the subnet ${subnet}, which is not there`);
    return;
  }
  for (const it of holder.addresses) {
    if (!isFree(space, it, holderAt, { id, faults })) continue;
    space = taken(space, offsetOf(space, it), id);
  }
  for (const it of holder.prefixes) {
    if (!isFree(space, it, holderWithin, { id, faults })) continue;
    space = takenBlock(space, it, id);
  }
  spaces.set(subnet, claim6(space, holder, faults));
}

function claim6(before: Space, { id, addresses6, prefixes6 }: Holding & Pick<Nic, 'id'>, faults: string[]): Space {
  let { v6 } = before;
  if (v6 === undefined) {
    if (addresses6.length + prefixes6.length > 0) faults.push(`${id} has IPv6 addresses, and its subnet has none`);
    return before;
  }
  for (const it of addresses6) {
    if (!contains(v6.range, it) || holderAt({ ...before, v6 }, it) !== undefined)
      faults.push(`${id} cannot have ${it}`);
    else v6 = taken6(v6, it, id);
  }
  for (const it of prefixes6) {
    if (!contains(v6.range, it) || !isFreeBlock6(v6, it)) faults.push(`${id} cannot have ${it}`);
    else v6 = { ...v6, prefixes: v6.prefixes.set(it, id) };
  }
  return { ...before, v6 };
}

function isFree<T extends Address | Prefix>(
  space: Space,
  it: T,
  holderOf: (space: Space, it: T) => Id | undefined,
  { id, faults }: { readonly id: Id; readonly faults: string[] },
): boolean {
  const holder = contains(space.range, it) ? holderOf(space, it) : undefined;
  if (!contains(space.range, it)) faults.push(`${id} has ${it}, which is outside of ${space.range}`);
  else if (holder !== undefined)
    faults.push(`${id} has ${it}, which ${holder === '' ? 'nobody may have' : `${holder} has`}`);
  else return true;
  return false;
}
