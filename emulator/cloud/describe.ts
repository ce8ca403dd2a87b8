import { byText, SortedMap } from '../../src/base/sorted-map.ts';
import type { Millis } from '../../src/base/clock.ts';
import type { Answer, TagView, View } from './answer.ts';
import { type Cloud, TAGGED, tableOf } from './cloud.ts';
import type { Fault } from './fault.ts';
import { filterFault, fits, fitsTag, tagFilterFault } from './filter.ts';
import type { Id, Instance, Job, Nic } from './nouns.ts';
import { shown, type Viewer } from './past.ts';
import type { CommonRequest, Described, Filter } from './request.ts';
import { hiddenFrom } from './strike.ts';
import { instanceView, nicView, viewOf } from './view.ts';

/** Who looks, when, and what is different for them. */
export interface Look {
  readonly viewer: Viewer;
  readonly now: Millis;
  readonly hidden: ReadonlySet<Id>; // NICs that a trouble hides
}

/** How somebody sees the cloud: at an instance, if it is one that looks. */
export function lookOf(
  cloud: Cloud,
  { viewer, now, instance }: { readonly viewer: Viewer; readonly now: Millis; readonly instance?: Id | undefined },
): Look {
  return { viewer, now, hidden: hiddenFrom(cloud, viewer, instance) };
}

/** A page of what fits, in the order of ids. */
export function describe(
  cloud: Cloud,
  request: Extract<CommonRequest, { readonly do: 'describe' }>,
  look: Look,
): Answer | Fault {
  const { kind, ids, filters = [], page } = request;
  const odd = filterFault(kind, filters);
  if (odd !== undefined) return odd;
  const absent = ids?.find((id) => one(cloud, kind, { id, look }) === undefined);
  if (absent !== undefined) return { why: 'not-found', kind, id: absent };
  const size = page?.size ?? Number.POSITIVE_INFINITY;
  const skip = page?.offset ?? 0;
  const counting = page?.offset !== undefined;
  const views: View[] = [];
  let fitting = 0;
  for (const id of candidates(cloud, kind, { ids, filters, after: page?.after })) {
    const view = one(cloud, kind, { id, look });
    if (view === undefined || !fits(view, filters)) continue;
    fitting++;
    if (fitting <= skip) continue;
    if (views.length < size) views.push(view);
    else if (!counting) return { is: 'views', views, next: idOf(views.at(-1)) };
  }
  const total = counting ? { total: fitting } : {};
  return { is: 'views', views, ...total };
}

/** One thing as the viewer sees it. */
function one(cloud: Cloud, kind: Described, { id, look }: { readonly id: Id; readonly look: Look }): View | undefined {
  switch (kind) {
    case 'nic': {
      const nic = seenNic(cloud, id, look);
      return nic && nicView(cloud, nic);
    }
    case 'instance': {
      const instance = seenInstance(cloud, id, look);
      return instance && instanceView(cloud, instance, seenNicsOf(cloud, id, look));
    }
    case 'job': {
      const job = cloud.jobs.get(id);
      return job && { kind, job: asOf(job, look.now) };
    }
    case 'reservation': {
      for (const { id: subnet, reservations } of cloud.subnets.values())
        for (const reservation of reservations) if (reservation.id === id) return { kind, subnet, reservation };
      return undefined;
    }
    default: {
      const thing = tableOf(cloud, kind).get(id);
      return thing && viewOf(cloud, kind, thing);
    }
  }
}

/** A NIC as the viewer sees it. */
export function seenNic({ nics, pastNics }: Cloud, id: Id, look: Look): Nic | undefined {
  return look.hidden.has(id) ? undefined : shown({ now: nics, past: pastNics }, id, look);
}

/** An instance as the viewer sees it. */
export function seenInstance({ instances, pastInstances }: Cloud, id: Id, look: Look): Instance | undefined {
  return shown({ now: instances, past: pastInstances }, id, look);
}

/** The NICs that the viewer sees on an instance, the primary first. */
export function seenNicsOf(cloud: Cloud, instance: Id, look: Look): readonly Nic[] {
  const ids = nicIdsOf(cloud, instance);
  const seen = ids.flatMap((id) => seenNic(cloud, id, look) ?? []);
  const its = seen.filter(({ attachment }) => attachment?.instance === instance);
  const place = ({ attachment }: Nic) => (attachment?.card ?? 0) * 1000 + (attachment?.device ?? 0);
  return its.toSorted((a, b) => place(a) - place(b));
}

/** Those that are on it, and those that changed just now: one of them may still be seen there. */
function nicIdsOf(cloud: Cloud, instance: Id): readonly Id[] {
  const [now, past] = [cloud.nicsOf.get(instance) ?? [], cloud.lately.get(instance)];
  return past === undefined ? now : [...new Set([...now, ...past])];
}

/** A job begins to work a quarter of its time after it was made. */
function asOf(job: Job, now: Millis): Job {
  const working = job.state === 'pending' && now >= job.madeAt + (job.due - job.madeAt) / 4;
  const secret = job.state === 'failed' && now < job.due; // it will fail, and nobody knows
  return working || secret ? { ...job, state: 'working' } : job;
}

/** The ids to look at, in order: as few as the request lets be. */
function* candidates(
  cloud: Cloud,
  kind: Described,
  wanted: {
    readonly ids: readonly Id[] | undefined;
    readonly filters: readonly Filter[];
    readonly after?: string | undefined;
  },
): Generator<Id, undefined> {
  const after = (wanted.after ?? '') as Id;
  const few = wanted.ids ?? narrowed(cloud, kind, wanted.filters);
  if (few !== undefined) {
    for (const id of [...new Set(few)].toSorted(byText)) if (id > after) yield id;
    return;
  }
  const past = pastOf(cloud, kind).from(after);
  let gone = past.next();
  for (const [id] of mapOf(cloud, kind).from(after)) {
    for (; gone.done !== true && gone.value[0] <= id; gone = past.next())
      if (gone.value[0] !== id && gone.value[0] !== after) yield gone.value[0];
    if (id !== after) yield id;
  }
  for (; gone.done !== true; gone = past.next()) if (gone.value[0] !== after) yield gone.value[0];
}

/** The few that a filter by id or instance leaves; patterns leave all. */
function narrowed(cloud: Cloud, kind: Described, filters: readonly Filter[]): readonly Id[] | undefined {
  const plain = filters.find(
    ({ field, values }) =>
      (field === 'id' || (field === 'instance' && kind === 'nic')) && !values.some((it) => /[*?\\]/.test(it)),
  );
  if (plain === undefined) return undefined;
  return plain.field === 'id'
    ? (plain.values as readonly Id[])
    : plain.values.flatMap((id) => nicIdsOf(cloud, id as Id));
}

/** What changed just now: some of it is gone, and may still be seen. */
function pastOf(cloud: Cloud, kind: Described): { from(id: Id): Generator<[Id, unknown], undefined> } {
  if (kind === 'nic') return cloud.pastNics;
  return kind === 'instance' ? cloud.pastInstances : SortedMap.empty<Id, unknown>(byText);
}

function mapOf(cloud: Cloud, kind: Described): { from(id: Id): Iterable<readonly [Id, unknown]> } {
  if (kind === 'job') return cloud.jobs;
  if (kind !== 'reservation') return tableOf(cloud, kind);
  const all = [...cloud.subnets.values()].flatMap(({ reservations }) => reservations.map(({ id }) => id));
  return { from: (from) => all.toSorted(byText).flatMap((id) => (id < from ? [] : [[id, id] as const])) };
}

function idOf(view: View | undefined): string {
  switch (view?.kind) {
    case undefined:
      return '';
    case 'vpc':
      return view.vpc.id;
    case 'subnet':
      return view.subnet.id;
    case 'reservation':
      return view.reservation.id;
    case 'group':
      return view.group.id;
    case 'route-table':
      return view.table.id;
    case 'gateway':
      return view.gateway.id;
    case 'nat':
      return view.nat.id;
    case 'instance':
      return view.instance.id;
    case 'nic':
      return view.nic.id;
    case 'job':
      return view.job.id;
  }
}

/** A page of tags, by resource and key. */
export function describeTags(
  cloud: Cloud,
  { filters = [], page }: Extract<CommonRequest, { readonly do: 'describe-tags' }>,
  look: Look,
): Answer | Fault {
  const odd = tagFilterFault(filters, 'nic');
  if (odd !== undefined) return odd;
  const all = allTags(cloud, look, filters);
  const fitting = all.filter((it) => keyOf(it) > (page?.after ?? '')).toSorted((a, b) => byText(keyOf(a), keyOf(b)));
  const tags = fitting.slice(0, page?.size);
  const last = tags.at(-1);
  return { is: 'tags', tags, ...(tags.length < fitting.length && last !== undefined ? { next: keyOf(last) } : {}) };
}

function keyOf({ resource, key }: TagView): string {
  return `${resource} ${key}`;
}

function allTags(cloud: Cloud, look: Look, filters: readonly Filter[]): readonly TagView[] {
  const tags: TagView[] = [];
  for (const kind of TAGGED)
    for (const { id } of tableOf(cloud, kind).values()) {
      const thing =
        kind === 'nic'
          ? seenNic(cloud, id, look)
          : kind === 'instance'
            ? seenInstance(cloud, id, look)
            : tableOf(cloud, kind).get(id);
      for (const [key, value] of Object.entries(thing?.tags ?? {})) {
        const tag = { resource: id, kind, key, value };
        if (fitsTag(tag, filters)) tags.push(tag);
      }
    }
  return tags;
}
