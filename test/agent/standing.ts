import type { NodeSpace } from './node-space.ts';

/**
 * What stands of Berth on a node and in a pod, as the programs of others print it: for comparing before and after.
 * Numbers that a new link gets anew, counters, and what the kernel makes by itself are left out.
 */
export function standing(node: NodeSpace, { pod, links }: { readonly pod: string; readonly links: readonly string[] }) {
  const inPod = `nsenter --net=/run/netns/${pod}`;
  const hosts = links.map(
    (link) => `
ip -o link show dev ${link} | sed 's/ state UNKNOWN\\| state UP//'
ip -o address show dev ${link}
ip neighbour show dev ${link} nud permanent
ip -6 neighbour show dev ${link} nud permanent
tc qdisc show dev ${link}
bridge -d link show dev ${link} | grep -o 'hairpin [a-z]*'
bridge fdb show dev ${link} | grep dst
sysctl net.ipv4.conf.${link}.forwarding net.ipv4.conf.${link}.rp_filter net.ipv4.conf.${link}.route_localnet
sysctl net.ipv6.conf.${link}.addr_gen_mode`,
  );
  const script = `
${hosts.join('\n')}
ip route show proto 98
ip -6 route show proto 98
sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding
nft -nn list table inet berth
iptables-nft -S FORWARD 2>/dev/null | sort
${inPod} ip -o link show dev eth0
${inPod} ip -o address show dev eth0
${inPod} ip route show table all
${inPod} ip -6 route show table all
${inPod} ip rule
${inPod} ip neighbour show nud permanent
${inPod} ip -6 neighbour show nud permanent
${inPod} tc qdisc show dev eth0
${inPod} sysctl net.ipv6.conf.eth0.accept_ra net.ipv6.conf.eth0.disable_ipv6
true`;
  return tidy(node.run('sh', '-c', script));
}

function tidy(text: string): string {
  const lines = text
    .replace(/^\d+: /gm, '')
    .replace(/@\S+|link-netnsid \d+|link-netns \S+|qdisc (\S+) \S+:|packets \d+ bytes \d+|valid_lft.*$/gm, '$1')
    .replace(/qlen \d+|pref medium|\bexpires \S+/g, '')
    .split('\n')
    .filter((line) => !/fe80::[0-9a-f]+:|\b(local|multicast|broadcast|anycast)\b.*(fe80|ff00)|^ff00/.test(line))
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());
  return lines
    .filter((line) => line !== '')
    .sort()
    .join('\n');
}

/** The lines that one text has and the other has not. */
export function differing(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
