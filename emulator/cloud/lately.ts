import type { Id, Nic } from './nouns.ts';
import type { Version } from './past.ts';
import type { Table } from './table.ts';

/** The index of NICs that changed just now, by the instances that they are or were on. */
export type Lately = Table<readonly Id[]>;

/** The index after a NIC's versions became others. Undefined: it has none. */
export function relisted(
  before: Lately,
  nic: Id,
  { was, is }: { readonly was: readonly Version<Nic>[] | undefined; readonly is: readonly Version<Nic>[] | undefined },
): Lately {
  let lately = before;
  const [old, now] = [homesOf(was), homesOf(is)];
  for (const home of old) {
    if (now.has(home)) continue;
    const left = (lately.get(home) ?? []).filter((id) => id !== nic);
    lately = left.length === 0 ? lately.delete(home) : lately.set(home, left);
  }
  for (const home of now) if (!old.has(home)) lately = lately.set(home, [...(lately.get(home) ?? []), nic].toSorted());
  return lately;
}

function homesOf(versions: readonly Version<Nic>[] | undefined): ReadonlySet<Id> {
  return new Set((versions ?? []).flatMap(({ it }) => it?.attachment?.instance ?? []));
}
