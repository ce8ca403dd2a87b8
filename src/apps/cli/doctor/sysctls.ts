import { type Family, familyOf } from '../../../base/ip.ts';
import type { Finding } from '../../../wire/agent/status.ts';
import { bad, doubtful, good, type NodeView } from './view.ts';

/** Does the node forward, and may its pods have IPv6? */
export function checkSysctls(node: NodeView): readonly Finding[] {
  return [...forwarding(node), ...ipv6Off(node), ...reversePath(node), ...bridgeFilter(node)];
}

const FORWARDING: Readonly<Record<Family, string>> = {
  v4: 'net/ipv4/ip_forward',
  v6: 'net/ipv6/conf/all/forwarding',
};

function forwarding(node: NodeView): readonly Finding[] {
  return familiesOf(node).map((family) => {
    const path = FORWARDING[family];
    const name = path.replaceAll('/', '.');
    if (sysctl(node, path) === '1') return good('forwarding', `${name} is 1`);
    const says = `${name} is ${sysctl(node, path) ?? 'not there'}: nothing is forwarded to or from pods`;
    if (node.agent === undefined) return doubtful('forwarding', says, 'the agent sets it when it starts');
    return bad('forwarding', says, 'something sets it back: look for it in /etc/sysctl.d and in firewalls');
  });
}

function ipv6Off(node: NodeView): readonly Finding[] {
  if (!familiesOf(node).includes('v6') || sysctl(node, 'net/ipv6/conf/all/disable_ipv6') === '0') return [];
  const says = 'IPv6 is off on this node, and there is an IPv6 range';
  return [bad('ipv6', says, 'set net.ipv6.conf.all.disable_ipv6=0, or take the range away')];
}

/** Strict everywhere: also on uplinks, where the way back may be another one (Documentation/networking/ip-sysctl). */
function reversePath(node: NodeView): readonly Finding[] {
  const strict = ['all', 'default'].filter((which) => sysctl(node, `net/ipv4/conf/${which}/rp_filter`) === '1');
  const uplinks = new Set(defaultLinks(node));
  if (!strict.includes('all') || uplinks.size < 2) return [];
  const links = `${uplinks.size} links with a default route: ${[...uplinks].join(', ')}`;
  const says = `rp_filter is strict, and there are ${links}`;
  return [
    doubtful(
      'rp_filter',
      says,
      'set net.ipv4.conf.all.rp_filter=2 (loose), or answers over the other link are dropped',
    ),
  ];
}

/** Bridged frames that pass iptables meet rules that were not written for them. */
function bridgeFilter(node: NodeView): readonly Finding[] {
  if (node.config.network.mode !== 'bridge' || sysctl(node, 'net/bridge/bridge-nf-call-iptables') !== '1') return [];
  const says = 'net.bridge.bridge-nf-call-iptables is 1: traffic between pods of one bridge passes iptables';
  return [doubtful('bridge-nf', says, 'kube-proxy in iptables mode needs it; else set it to 0')];
}

/** Of the file, and of what the agent has learnt. */
function familiesOf({ config, agent }: NodeView): readonly Family[] {
  const learnt = agent?.pools.map(({ family }) => family) ?? [];
  return [...new Set([...config.network.ranges.map(familyOf), ...learnt])];
}

/** The links of IPv4 default routes: /proc/net/route, one line a route, numbers in hexadecimal. */
export function defaultLinks({ files }: Pick<NodeView, 'files'>): readonly string[] {
  const lines = (files.text('/proc/net/route') ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [link = '', destination = '', , , , , , mask = ''] = line.split('\t').map((part) => part.trim());
    return destination === '00000000' && mask === '00000000' ? [link] : [];
  });
}

export function sysctl({ files }: Pick<NodeView, 'files'>, path: string): string | undefined {
  return files.text(`/proc/sys/${path}`)?.trim();
}
