import { hashName } from '../../base/hash.ts';
import type { Family } from '../../base/ip.ts';
import { HOST_LINK_PREFIX, KUBE_MASQUERADE_MARK, NIC_MARK_MASK, PRIMARY_MARK, TABLE_NAME } from './numbers.ts';
import type { Chain, Field, NftSet, Rule, Ruleset, SetName, SourcePorts, Statement } from './ruleset.ts';

/**
 * What the skeleton depends on. Everything else that can change, pod by pod or with the configuration, is an element
 * of a set.
 */
export interface RulesetOptions {
  readonly mode: 'routed' | 'bridge';
  readonly bridge: string; //         name of the bridge, bridge mode only
  readonly masquerade: {
    readonly enabled: boolean;
    readonly ports: SourcePorts;
    readonly families?: readonly Family[]; // absent: both
  };
  /**
   * Drop what a pod sends from an address that is not its own. Routed mode only: through a bridge all pods are one
   * link.
   */
  readonly checkSources: boolean;
  /** The marks that NICs of this node can have, the primary's included. Absent: pods do not stand on NICs. */
  readonly nicMarks?: readonly number[];
}

/** Links and the addresses that may speak through them: a pod's host end, or in bridge mode the bridge. */
export const PODS: Readonly<Record<Family, SetName>> = { v4: 'pods4', v6: 'pods6' };
/** Where pods are seen under their own addresses: ranges, none of which may overlap another. */
export const INTERNAL: Readonly<Record<Family, SetName>> = { v4: 'internal4', v6: 'internal6' };
/** Pairs of source and destination that come back to where they came from: a pod that reaches its own host port. */
export const HAIRPIN: Readonly<Record<Family, SetName>> = { v4: 'hairpin4', v6: 'hairpin6' };
/** Ports of every address of the node → address and port of a pod. */
export const PORTS: Readonly<Record<Family, SetName>> = { v4: 'ports4', v6: 'ports6' };
/** Ports of one address of the node → address and port of a pod. */
export const PORTS_AT: Readonly<Record<Family, SetName>> = { v4: 'ports_at4', v6: 'ports_at6' };

/** Address or prefix of a pod's → the mark of the NIC that holds it. */
export const NIC_OF: Readonly<Record<Family, SetName>> = { v4: 'nic_of4', v6: 'nic_of6' };
/** Link of a NIC → its mark. */
export const NIC_LINKS: SetName = 'nic_links';

/** Links of branch NICs: nothing that leaves by them is masqueraded, for it is their pod's own. */
export const BRANCH_LINKS: SetName = 'branch_links';

// netfilter's standard places: linux/netfilter_ipv4.h, enum nf_ip_hook_priorities
const RAW = -300; //    before connection tracking, so that what is dropped there costs no entry
const DSTNAT = -100;
const BEHIND_DSTNAT = -90;
const SRCNAT = 100;
const IPS_DST_NAT = 1 << 5; // linux/netfilter/nf_conntrack_common.h

/**
 * The static part of our one table. Base chains of type nat see only the first packet of a connection, so their rules
 * are cheap; `from_pods` sees every packet, and leaves those that no pod sent after its first rule. The source of a
 * connection is kept wherever its answers come back through this node anyway.
 */
export function nodeRuleset(options: RulesetOptions): Ruleset {
  const sets = options.nicMarks === undefined ? SETS : [...SETS, BRANCHES];
  const chains = [
    fromPods(options),
    ports,
    translate('prerouting'),
    translate('output'),
    ...(options.nicMarks === undefined ? [] : [byNic(options, options.nicMarks)]),
    postrouting(options),
  ];
  return { table: TABLE_NAME, tag: hashName(JSON.stringify([sets, chains]), 12), sets, chains };
}

const SETS: readonly NftSet[] = [
  { name: PODS.v4, key: ['ifname', 'ipv4_addr'] },
  { name: PODS.v6, key: ['ifname', 'ipv6_addr'] },
  { name: INTERNAL.v4, key: ['ipv4_addr'], interval: true },
  { name: INTERNAL.v6, key: ['ipv6_addr'], interval: true },
  { name: HAIRPIN.v4, key: ['ipv4_addr', 'ipv4_addr'] },
  { name: HAIRPIN.v6, key: ['ipv6_addr', 'ipv6_addr'] },
  { name: PORTS.v4, key: ['inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  { name: PORTS.v6, key: ['inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  { name: PORTS_AT.v4, key: ['ipv4_addr', 'inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  { name: PORTS_AT.v6, key: ['ipv6_addr', 'inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  { name: NIC_OF.v4, key: ['ipv4_addr'], data: ['mark'], interval: true },
  { name: NIC_OF.v6, key: ['ipv6_addr'], data: ['mark'], interval: true },
  { name: NIC_LINKS, key: ['ifname'], data: ['mark'] },
];

const BRANCHES: NftSet = { name: BRANCH_LINKS, key: ['ifname'] };

/** Guards, on every packet that a pod sends. */
function fromPods(options: RulesetOptions): Chain {
  const rules = [
    rule('only what pods send', match('iifname', '!=', podLinks(options)), { is: 'accept' }),
    // route_localnet, which ports of 127.0.0.1 need, would open the node's loopback to its pods: CVE-2020-8558
    rule('127.0.0.0/8 is the node alone', match('ip daddr', '==', '127.0.0.0/8'), { is: 'counter' }, { is: 'drop' }),
  ];
  const base = { type: 'filter', hook: 'prerouting', priority: RAW } as const;
  const checked = options.checkSources && options.mode === 'routed';
  return { name: 'from_pods', base, rules: checked ? [...rules, ...sourceRules] : rules };
}

const sourceRules: readonly Rule[] = [
  rule('its own IPv4 address', { is: 'in', fields: ['iifname', 'ip saddr'], set: PODS.v4 }, { is: 'accept' }),
  rule('its own IPv6 address', { is: 'in', fields: ['iifname', 'ip6 saddr'], set: PODS.v6 }, { is: 'accept' }),
  // neighbour discovery: never routed, so nobody behind this link can be deceived
  rule('link-local', match('ip6 saddr', '==', 'fe80::/10'), { is: 'accept' }),
  rule('duplicate address detection', match('ip6 saddr', '==', '::'), { is: 'accept' }),
  rule('forged source', { is: 'counter' }, { is: 'drop' }),
];

/** Host ports. Reached for connections to addresses of the node only. */
const ports: Chain = {
  name: 'ports',
  rules: [
    // IPv6 has no route_localnet: even masqueraded, the answer comes in by another link, and from there ::1 has no
    // route (Ip6InNoRoutes). So the client is refused at once and can try 127.0.0.1, instead of waiting for nothing.
    rule('::1 cannot be translated', match('ip6 daddr', '==', '::1'), { is: 'return' }),
    rule('IPv4, one address', dnat('v4', 'ip daddr', PORTS_AT.v4)),
    rule('IPv6, one address', dnat('v6', 'ip6 daddr', PORTS_AT.v6)),
    rule('IPv4, any address', dnat('v4', undefined, PORTS.v4)),
    rule('IPv6, any address', dnat('v6', undefined, PORTS.v6)),
  ],
};

/** Connections that come in, and those that the node itself opens. */
function translate(hook: 'prerouting' | 'output'): Chain {
  const rules = [
    rule('to an address of the node', match('fib daddr type', '==', 'local'), { is: 'jump', chain: ports.name }),
  ];
  return { name: hook, base: { type: 'nat', hook, priority: DSTNAT }, rules };
}

/**
 * By which NIC a connection leaves, kept in its mark, so that each packet of it takes the same: the one it came in by;
 * else the primary for what will have the node's address; else the one that holds the pod's. Behind destination NAT,
 * since only then it is known where a packet goes. The bits of others in a packet's mark stay as they are.
 */
function byNic(options: RulesetOptions, marks: readonly number[]): Chain {
  const { masquerade } = options;
  const unknown: Statement = { is: 'match-bits', field: 'ct mark', mask: NIC_MARK_MASK, op: '==', value: 0 };
  const primary: Statement = { is: 'set-mark', which: 'ct', mask: NIC_MARK_MASK, value: PRIMARY_MARK };
  const families = masquerade.enabled ? (['v4', 'v6'] as const).filter((it) => masquerades(masquerade, it)) : [];
  const rules = [
    rule('came in by a NIC', unknown, { is: 'map-mark', which: 'ct', fields: ['iifname'], map: NIC_LINKS }),
    rule('only what pods send', match('iifname', '!=', podLinks(options)), { is: 'accept' }),
    rule(
      'kube-proxy will masquerade',
      unknown,
      marked('meta mark', KUBE_MASQUERADE_MARK, KUBE_MASQUERADE_MARK),
      primary,
    ),
    ...families.map((family) => rule(`will be masqueraded, IP${family}`, unknown, outside(family), primary)),
    rule('IPv4, by its pod', unknown, { is: 'map-mark', which: 'ct', fields: ['ip saddr'], map: NIC_OF.v4 }),
    rule('IPv6, by its pod', unknown, { is: 'map-mark', which: 'ct', fields: ['ip6 saddr'], map: NIC_OF.v6 }),
    ...marks.map((mark) =>
      rule(`leaves by NIC ${mark}`, marked('ct mark', NIC_MARK_MASK, mark), {
        is: 'set-mark',
        which: 'meta',
        mask: NIC_MARK_MASK,
        value: mark,
      }),
    ),
  ];
  return { name: 'by_nic', base: { type: 'filter', hook: 'prerouting', priority: BEHIND_DSTNAT }, rules };
}

function marked(field: 'meta mark' | 'ct mark', mask: number, value: number): Statement {
  return { is: 'match-bits', field, mask, op: '==', value };
}

function outside(family: Family): Statement {
  return { is: 'in', fields: [family === 'v4' ? 'ip daddr' : 'ip6 daddr'], set: INTERNAL[family], not: true };
}

function masquerades({ families }: RulesetOptions['masquerade'], family: Family): boolean {
  return families === undefined || families.includes(family);
}

function postrouting(options: RulesetOptions): Chain {
  const node: Statement = { is: 'masquerade', ports: 'kept' };
  const branches: Statement = { is: 'in', fields: ['oifname'], set: BRANCH_LINKS };
  const rules = [
    ...(options.nicMarks === undefined ? [] : [rule("by a pod's own NIC", branches, { is: 'accept' })]),
    rule('its own host port, IPv4', { is: 'in', fields: ['ip saddr', 'ip daddr'], set: HAIRPIN.v4 }, node),
    rule('its own host port, IPv6', { is: 'in', fields: ['ip6 saddr', 'ip6 daddr'], set: HAIRPIN.v6 }, node),
    ...(options.mode === 'bridge' ? [throughBridge(options.bridge, node)] : []),
    rule(
      'a host port of 127.0.0.1',
      match('ip saddr', '==', '127.0.0.0/8'),
      match('oifname', '==', podLinks(options)),
      node,
    ),
    ...(['v4', 'v6'] as const)
      .filter((family) => options.masquerade.enabled && masquerades(options.masquerade, family))
      .map((family) => egress(family, options)),
  ];
  return { name: 'postrouting', base: { type: 'nat', hook: 'postrouting', priority: SRCNAT }, rules };
}

/**
 * Between two pods of one bridge the answer goes through the bridge alone, and the client would not know who speaks:
 * the node must be the source. Where br_netfilter shows bridged packets to these chains the answer is translated on
 * its way, the link they came in by is unknown here, and the source stays.
 */
function throughBridge(bridge: string, node: Statement): Rule {
  return rule(
    'a host port, back through the bridge',
    match('iifname', '==', bridge),
    match('oifname', '==', bridge),
    { is: 'match-bits', field: 'ct status', mask: IPS_DST_NAT, op: '!=', value: 0 },
    node,
  );
}

function egress(family: Family, { masquerade }: RulesetOptions): Rule {
  const source: Field = family === 'v4' ? 'ip saddr' : 'ip6 saddr';
  return rule(
    `pods to the world, IP${family}`,
    { is: 'in', fields: ['iifname', source], set: PODS[family] },
    outside(family),
    { is: 'masquerade', ports: masquerade.ports },
  );
}

function podLinks(options: RulesetOptions): string {
  return options.mode === 'bridge' ? options.bridge : `${HOST_LINK_PREFIX}*`;
}

function dnat(family: Family, daddr: 'ip daddr' | 'ip6 daddr' | undefined, map: SetName): Statement {
  const port: Field[] = ['meta l4proto', 'th dport'];
  return { is: 'dnat-map', family, fields: daddr === undefined ? port : [daddr, ...port], map };
}

function match(field: Field, op: '==' | '!=', value: string): Statement {
  return { is: 'match', field, op, value };
}

function rule(comment: string, ...statements: Statement[]): Rule {
  return { comment, statements };
}
