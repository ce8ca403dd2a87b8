import { address, prefix } from '../../src/base/ip.ts';
import { mac } from '../../src/base/mac.ts';
import type * as nouns from './nouns.ts';
import { either, flag, list, maybe, named, number, object, oneOf, parsed, tagged, text, texts } from './shape.ts';

// How each noun of the cloud stands in a snapshot: as it is.

export const id = named<nouns.Id>();
export const anAddress = parsed(address);
export const aPrefix = parsed(prefix);

export const vpc = object<nouns.Vpc>({ id, ranges: list(aPrefix), mainTable: id, defaultGroup: id, tags: texts });

const reservation = object<nouns.Reservation>({
  id,
  range: aPrefix,
  use: either('prefix', 'explicit'),
  description: text,
});

export const subnet = object<nouns.Subnet>({
  id,
  vpc: id,
  zone: text,
  v4: aPrefix,
  v6: maybe(aPrefix),
  routeTable: maybe(id),
  mapPublic: flag,
  reservations: list(reservation),
  tags: texts,
});

export const gateway = object<nouns.Gateway>({ id, vpc: maybe(id), tags: texts });

export const nat = object<nouns.Nat>({
  id,
  vpc: id,
  subnet: id,
  address: anAddress,
  publicAddress: anAddress,
  createdAt: number,
  tags: texts,
});

type By = nouns.Route['by'];
const by = tagged<By>('kind', {
  local: object<Extract<By, { readonly kind: 'local' }>>({ kind: either('local') }),
  internet: object<Extract<By, { readonly kind: 'internet' }>>({ kind: either('internet'), gateway: id }),
  nat: object<Extract<By, { readonly kind: 'nat' }>>({ kind: either('nat'), nat: id }),
  nic: object<Extract<By, { readonly kind: 'nic' }>>({ kind: either('nic'), nic: id }),
});

export const routeTable = object<nouns.RouteTable>({
  id,
  vpc: id,
  main: flag,
  routes: list(object<nouns.Route>({ to: aPrefix, by })),
  tags: texts,
});

const rule = object<nouns.GroupRule>({
  id,
  protocol: oneOf(either('all', 'tcp', 'udp', 'icmp', 'icmpv6'), number),
  ports: maybe(object<NonNullable<nouns.GroupRule['ports']>>({ from: number, to: number })),
  peer: oneOf(
    object<{ readonly range: nouns.Subnet['v4'] }>({ range: aPrefix }),
    object<{ readonly group: nouns.Id }>({ group: id }),
  ),
  description: maybe(text),
});

export const group = object<nouns.SecurityGroup>({
  id,
  vpc: id,
  name: text,
  description: text,
  ingress: list(rule),
  egress: list(rule),
  tags: texts,
});

export const instance = object<nouns.Instance>({
  id,
  type: text,
  vpc: id,
  zone: text,
  state: either('pending', 'running', 'shutting-down', 'terminated'),
  launchedAt: number,
  role: maybe(text),
  hopLimit: number,
  tokensRequired: flag,
  token: maybe(text),
  tags: texts,
});

const attachment = object<nouns.Attachment>({
  id,
  instance: id,
  device: number,
  card: number,
  deleteWithInstance: flag,
  since: number,
});

const trunking = object<nouns.Trunking>({
  id,
  trunk: id,
  by: oneOf(object<{ readonly vlan: number }>({ vlan: number }), object<{ readonly gre: number }>({ gre: number })),
});

export const nic = object<nouns.Nic>({
  id,
  vpc: id,
  subnet: id,
  mac: parsed(mac),
  state: either('available', 'attaching', 'in-use', 'detaching'),
  addresses: list(anAddress),
  prefixes: list(aPrefix),
  addresses6: list(anAddress),
  prefixes6: list(aPrefix),
  groups: list(id),
  sourceCheck: flag,
  description: text,
  publicAddress: maybe(anAddress),
  attachment: maybe(attachment),
  trunking: maybe(trunking),
  createdAt: number,
  kind: either('interface', 'trunk', 'branch', 'efa'),
  tags: texts,
});

export const job = object<nouns.Job>({
  id,
  action: text,
  subjects: list(id),
  state: either('pending', 'working', 'successful', 'failed'),
  madeAt: number,
  due: number,
});
