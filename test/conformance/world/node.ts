import { run, runJson } from './command.ts';

/**
 * The addresses of the node under test and of the machine outside: TEST-NET-1 (RFC 5737) and the documentation prefix
 * (RFC 3849).
 */
export const NODE = { v4: '192.0.2.1', other4: '192.0.2.9', v6: '2001:db8:2::1' } as const;
export const OUTSIDE = { netns: 'outside', v4: '192.0.2.2', v6: '2001:db8:2::2' } as const;

/**
 * Makes the namespace this process runs in a node: a loopback, an uplink to a machine outside, which is its default
 * route, and nothing else. Only for a namespace of our own.
 */
export async function makeNode(): Promise<void> {
  const inside = `-n ${OUTSIDE.netns}`;
  for (const command of [
    'ip link set lo up',
    `ip netns add ${OUTSIDE.netns}`,
    'ip link add uplink0 type veth peer name eth0 netns outside',
    `ip ${inside} link set lo up`,
    `ip ${inside} addr add ${OUTSIDE.v4}/24 dev eth0`,
    `ip ${inside} -6 addr add ${OUTSIDE.v6}/64 dev eth0 nodad`,
    `ip ${inside} link set eth0 up`,
    `ip addr add ${NODE.v4}/24 dev uplink0`,
    `ip addr add ${NODE.other4}/24 dev uplink0`,
    `ip -6 addr add ${NODE.v6}/64 dev uplink0 nodad`,
    'ip link set uplink0 up',
    `ip route add default via ${OUTSIDE.v4}`,
    `ip -6 route add default via ${OUTSIDE.v6}`,
  ])
    await run(command);
}

/**
 * What a node holds, a line a thing. Link-local and multicast routes, which come and go with carriers, are left out.
 */
export async function nodeState(): Promise<ReadonlySet<string>> {
  const parts = await Promise.all([
    links(),
    addresses(),
    routes('-4'),
    routes('-6'),
    rules('-4'),
    rules('-6'),
    neighbours(),
    qdiscs(),
    ruleset(),
  ]);
  return new Set(parts.flat());
}

/**
 * What `after` has that `before` had not, with "+", and the other way round with "-". Empty: nothing was left and
 * nothing taken.
 */
export function changes(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  const more = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  const less = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`);
  return [...more, ...less];
}

async function links(): Promise<string[]> {
  return (await runJson<{ ifname: string }>('ip -j link show')).map((link) => `link ${link.ifname}`);
}

async function addresses(): Promise<string[]> {
  interface Link {
    readonly ifname: string;
    readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
  }
  const found = await runJson<Link>('ip -j addr show');
  return found.flatMap((link) =>
    link.addr_info
      .filter((each) => each.scope !== 'link')
      .map((each) => `address ${each.local}/${each.prefixlen} on ${link.ifname}`),
  );
}

interface Route {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
}

/** The routes of every table but the local one, which only repeats the addresses. */
export async function routes(family: '-4' | '-6'): Promise<string[]> {
  const found = await runJson<Route>(`ip -j ${family} route show table all`);
  return found
    .filter((route) => route.table !== 'local' && !/^(fe80:|ff00:|multicast)/.test(route.dst))
    .map(({ type = '', dst, gateway = '', dev = '', table = 'main' }) =>
      ['route', type, dst, gateway && `via ${gateway}`, dev && `dev ${dev}`, `table ${table}`]
        .filter(Boolean)
        .join(' '),
    );
}

async function rules(family: '-4' | '-6'): Promise<string[]> {
  return (await runJson<object>(`ip -j ${family} rule show`)).map((rule) => `rule ${family} ${JSON.stringify(rule)}`);
}

async function neighbours(): Promise<string[]> {
  const found = await runJson<{ dst: string; dev: string; lladdr?: string }>('ip -j neigh show nud permanent');
  return found
    .filter((each) => !each.dst.startsWith('ff')) // multicast groups of links
    .map((each) => `neighbour ${each.dst} ${each.lladdr ?? ''} on ${each.dev}`);
}

async function qdiscs(): Promise<string[]> {
  const found = await runJson<{ kind: string; dev: string }>('tc -j qdisc show');
  return found.filter((each) => each.kind !== 'noqueue').map((each) => `qdisc ${each.kind} on ${each.dev}`);
}

/**
 * Every rule, chain, set and element of nftables, without handles and counters. iptables' rules are among them where it
 * is the nft one.
 */
async function ruleset(): Promise<string[]> {
  const json = JSON.parse((await run('nft -j list ruleset')) || '{}') as {
    nftables?: readonly Record<string, unknown>[];
  };
  return (json.nftables ?? []).flatMap((object) => {
    const text = JSON.stringify(object, (key, value: unknown) =>
      key === 'handle' || key === 'packets' || key === 'bytes' || key === 'elem' || key === 'expires'
        ? undefined
        : value,
    );
    const name = `nft ${text}`;
    const { set, map } = object as Record<'set' | 'map', { name: string; elem?: readonly unknown[] } | undefined>;
    const holder = set ?? map;
    const elements = (holder?.elem ?? []).map((elem) => `nft element ${JSON.stringify(elem)} of ${holder?.name}`);
    return text.startsWith('{"metainfo"') ? [] : [name, ...elements];
  });
}
