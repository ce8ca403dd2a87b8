import type { Finding } from '../../../wire/agent/status.ts';
import { defaultLinks, sysctl } from './sysctls.ts';
import { bad, doubtful, good, type NodeView, skipped } from './view.ts';

const FULL = 0.9; // of the table: new connections are dropped when it is full

/** Do pods' packets fit the uplink? */
export function checkMtu(node: NodeView): readonly Finding[] {
  const { uplink: wanted, mtuBytes } = node.config.network;
  const uplink = wanted === 'auto' ? defaultLinks(node)[0] : wanted;
  if (uplink === undefined) return [skipped('mtu', 'no IPv4 default route names an uplink')];
  if (!node.files.exists(`/proc/sys/net/ipv4/conf/${uplink}`))
    return [bad('mtu', `there is no link ${uplink}`, 'set network.uplink to the link towards the other nodes')];
  // of the reader's own namespace, which /sys need not be; but only with IPv6
  const text = sysctl(node, `net/ipv6/conf/${uplink}/mtu`) ?? node.files.text(`/sys/class/net/${uplink}/mtu`);
  if (text === undefined) return [skipped('mtu', `the MTU of ${uplink} cannot be read`)];
  const mtu = Number(text);
  if (mtuBytes === 'auto' || mtuBytes <= mtu) return [good('mtu', `the uplink ${uplink} carries ${mtu} bytes`)];
  const says = `pods send ${mtuBytes} bytes, and the uplink ${uplink} carries ${mtu}`;
  return [doubtful('mtu', says, 'set network.mtu to auto, unless pods never send off this node')];
}

/** Is there room for new connections? */
export function checkConntrack(node: NodeView): readonly Finding[] {
  const count = Number(sysctl(node, 'net/netfilter/nf_conntrack_count'));
  const max = Number(sysctl(node, 'net/netfilter/nf_conntrack_max'));
  if (!(max > 0)) return [skipped('conntrack', 'the kernel tells nothing of its table yet')];
  if (count < max * FULL) return [good('conntrack', `${count} of ${max} connections tracked`)];
  const says = `${count} of ${max} connections tracked: new ones are dropped when it is full`;
  return [bad('conntrack', says, 'raise net.netfilter.nf_conntrack_max')];
}
