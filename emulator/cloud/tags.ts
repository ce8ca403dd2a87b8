import { type Done, done } from './change.ts';
import { type Cloud, fieldOf, kindOf, tableOf, type Touch } from './cloud.ts';
import type { Fault } from './fault.ts';
import type { Id, Tags } from './nouns.ts';
import type { CommonRequest } from './request.ts';

type Of<D extends CommonRequest['do']> = Extract<CommonRequest, { readonly do: D }>;

/** On all of them, over what was there, or on none. */
export function setTags(cloud: Cloud, { ids, tags }: Of<'set-tags'>): Done | Fault {
  return retagged(cloud, ids, (old) => ({ ...old, ...tags }));
}

/** Tags that are not there, or have another value than named, are left alone. */
export function removeTags(cloud: Cloud, { ids, tags }: Of<'remove-tags'>): Done | Fault {
  const goes = (key: string, value: string) =>
    tags.length === 0 || tags.some((it) => it.key === key && (it.value === undefined || it.value === value));
  return retagged(cloud, ids, (old) => Object.fromEntries(Object.entries(old).filter(([k, v]) => !goes(k, v))));
}

function retagged(before: Cloud, ids: readonly Id[], change: (old: Tags) => Tags): Done | Fault {
  let cloud = before;
  const touched: Touch[] = [];
  for (const id of ids) {
    const kind = kindOf(cloud, id);
    if (kind === undefined) return { why: 'not-found', kind: kindByForm(cloud, id), id };
    const table = tableOf(cloud, kind);
    const thing = table.get(id);
    if (thing === undefined) continue; // `kindOf` found it
    const tagged = { ...thing, tags: change(thing.tags) };
    cloud = { ...cloud, [fieldOf(kind)]: (table as { set(id: Id, it: unknown): unknown }).set(id, tagged) };
    touched.push({ kind, id });
  }
  return done(cloud, ...touched);
}

/** The kind that an id looks like: the longest prefix that fits, else a NIC. */
function kindByForm({ rules }: Cloud, id: Id): Touch['kind'] & keyof typeof rules.ids {
  const kinds = Object.keys(rules.ids) as (keyof typeof rules.ids)[];
  const fits = kinds.filter((kind) => id.startsWith(rules.ids[kind].prefix));
  return fits.toSorted((a, b) => rules.ids[b].prefix.length - rules.ids[a].prefix.length)[0] ?? 'nic';
}
