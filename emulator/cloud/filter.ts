import type { NicView, TagView, View } from './answer.ts';
import type { Fault } from './fault.ts';
import type { Kind, Tags } from './nouns.ts';
import type { Filter } from './request.ts';

// What things are filtered by. A filter fits when one of its texts is one of the field's values.

type Values<V> = Readonly<Record<string, (view: V) => readonly (string | undefined)[]>>;

/** The fields of each kind, and their values. */
const FIELDS: { readonly [K in View['kind']]: Values<Extract<View, { readonly kind: K }>> } = {
  vpc: {
    id: ({ vpc }) => [vpc.id],
    range: ({ vpc }) => vpc.ranges,
  },
  subnet: {
    id: ({ subnet }) => [subnet.id],
    vpc: ({ subnet }) => [subnet.vpc],
    zone: ({ subnet }) => [subnet.zone],
    range: ({ subnet }) => [subnet.v4, subnet.v6],
    free: ({ free }) => [String(free)],
    'map-public': ({ subnet }) => [String(subnet.mapPublic)],
  },
  reservation: {
    id: ({ reservation }) => [reservation.id],
    subnet: ({ subnet }) => [subnet],
    use: ({ reservation }) => [reservation.use],
    range: ({ reservation }) => [reservation.range],
  },
  group: {
    id: ({ group }) => [group.id],
    vpc: ({ group }) => [group.vpc],
    name: ({ group }) => [group.name],
    description: ({ group }) => [group.description],
  },
  'route-table': {
    id: ({ table }) => [table.id],
    vpc: ({ table }) => [table.vpc],
    main: ({ table }) => [String(table.main)],
    subnet: ({ subnets }) => subnets,
    to: ({ table }) => table.routes.map((route) => route.to),
  },
  gateway: {
    id: ({ gateway }) => [gateway.id],
    vpc: ({ gateway }) => [gateway.vpc],
  },
  nat: {
    id: ({ nat }) => [nat.id],
    vpc: ({ nat }) => [nat.vpc],
    subnet: ({ nat }) => [nat.subnet],
  },
  instance: {
    id: ({ instance }) => [instance.id],
    type: ({ instance }) => [instance.type],
    vpc: ({ instance }) => [instance.vpc],
    zone: ({ instance }) => [instance.zone],
    state: ({ instance }) => [instance.state],
    role: ({ instance }) => [instance.role],
    subnet: ({ nics }) => nics.map(({ nic }) => nic.subnet),
    nic: ({ nics }) => nics.map(({ nic }) => nic.id),
    address: ({ nics }) => nics.flatMap(({ nic }) => nic.addresses),
    primary: ({ nics }) => [nics[0]?.nic.addresses[0]],
    group: ({ nics }) => nics.flatMap(({ nic }) => nic.groups),
  },
  nic: nicFields(),
  job: {
    id: ({ job }) => [job.id],
    state: ({ job }) => [job.state],
    action: ({ job }) => [job.action],
  },
};

function nicFields(): Values<NicView> {
  return {
    id: ({ nic }) => [nic.id],
    subnet: ({ nic }) => [nic.subnet],
    vpc: ({ nic }) => [nic.vpc],
    zone: ({ zone }) => [zone],
    state: ({ nic }) => [nic.state],
    mac: ({ nic }) => [nic.mac],
    kind: ({ nic }) => [nic.kind],
    description: ({ nic }) => [nic.description],
    primary: ({ nic }) => [nic.addresses[0]],
    address: ({ nic }) => nic.addresses,
    prefix: ({ nic }) => nic.prefixes,
    address6: ({ nic }) => nic.addresses6,
    prefix6: ({ nic }) => nic.prefixes6,
    'public-address': ({ nic }) => [nic.publicAddress],
    'source-check': ({ nic }) => [String(nic.sourceCheck)],
    group: ({ nic }) => nic.groups,
    'group-name': ({ groups }) => groups.map(({ name }) => name),
    instance: ({ nic }) => [nic.attachment?.instance],
    attachment: ({ nic }) => [nic.attachment?.id],
    association: ({ nic }) => [nic.trunking?.id],
    'association-kind': ({ nic }) => [nic.trunking && ('vlan' in nic.trunking.by ? 'vlan' : 'gre')],
    'gre-key': ({ nic }) => [nic.trunking && 'gre' in nic.trunking.by ? String(nic.trunking.by.gre) : undefined],
    device: ({ nic }) => [nic.attachment && String(nic.attachment.device)],
    card: ({ nic }) => [nic.attachment && String(nic.attachment.card)],
    'delete-with-instance': ({ nic }) => [nic.attachment && String(nic.attachment.deleteWithInstance)],
  };
}

const TAG_FIELDS: Values<TagView> = {
  resource: ({ resource }) => [resource],
  kind: ({ kind }) => [kind],
  key: ({ key }) => [key],
  value: ({ value }) => [value],
};

/** The first field that a kind does not have. */
export function filterFault(kind: View['kind'], filters: readonly Filter[]): Fault | undefined {
  const odd = filters.find(({ field }) => !(field in FIELDS[kind]) && !isTagField(field));
  return odd === undefined ? undefined : { why: 'unknown-filter', field: odd.field, kind };
}

/** Whether all filters fit. A field the kind does not have fits nothing. */
export function fits(view: View, filters: readonly Filter[]): boolean {
  const fields = FIELDS[view.kind] as Values<View>;
  return filters.every((it) => {
    const values = isTagField(it.field) ? tagValues(tagsOf(view), it.field) : fields[it.field]?.(view);
    return values?.some((value) => value !== undefined && matchesAny(value, it.values)) ?? false;
  });
}

/** Whether all filters fit a tag; only its own fields are known. */
export function fitsTag(tag: TagView, filters: readonly Filter[]): boolean {
  return filters.every(({ field, values }) =>
    TAG_FIELDS[field]?.(tag).some((value) => value !== undefined && matchesAny(value, values)),
  );
}

/** The first field that tags do not have. `kind`: what the fault is said to be about. */
export function tagFilterFault(filters: readonly Filter[], kind: Kind): Fault | undefined {
  const odd = filters.find(({ field }) => !(field in TAG_FIELDS));
  return odd === undefined ? undefined : { why: 'unknown-filter', field: odd.field, kind };
}

function isTagField(field: string): boolean {
  return field.startsWith('tag:') || field === 'tag-key' || field === 'tag-value';
}

function tagValues(tags: Tags, field: string): readonly (string | undefined)[] {
  if (field === 'tag-key') return Object.keys(tags);
  return field === 'tag-value' ? Object.values(tags) : [tags[field.slice('tag:'.length)]];
}

function tagsOf(view: View): Tags {
  switch (view.kind) {
    case 'route-table':
      return view.table.tags;
    case 'reservation':
    case 'job':
      return {};
    case 'vpc':
      return view.vpc.tags;
    case 'subnet':
      return view.subnet.tags;
    case 'group':
      return view.group.tags;
    case 'gateway':
      return view.gateway.tags;
    case 'nat':
      return view.nat.tags;
    case 'instance':
      return view.instance.tags;
    case 'nic':
      return view.nic.tags;
  }
}

/** Whether a text is one of the patterns: `*` stands for any letters, `?` for one, `\` takes the meaning away. */
export function matchesAny(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (/[*?\\]/.test(pattern) ? matches(text, pattern) : text === pattern));
}

/** Greedy with one way back, to the last star: linear but for texts made to be slow. */
function matches(text: string, pattern: string): boolean {
  let [at, in_, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    const letter = pattern[in_];
    const escaped = letter === '\\' && in_ + 1 < pattern.length;
    const wanted = escaped ? pattern[in_ + 1] : letter;
    if (letter === '*') [star, mark, in_] = [in_, at, in_ + 1];
    else if ((letter === '?' && !escaped) || wanted === text[at]) [at, in_] = [at + 1, in_ + (escaped ? 2 : 1)];
    else if (star < 0) return false;
    else [at, in_, mark] = [mark + 1, star + 1, mark + 1];
  }
  while (pattern[in_] === '*') in_++;
  return in_ === pattern.length;
}
