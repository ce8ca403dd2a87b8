import type { Finding } from '../../../wire/agent/status.ts';
import type { AgentConfig } from '../../../io/config/agent-config.ts';
import { bad, good, type NodeView, skipped } from './view.ts';

interface Feature {
  readonly name: string;
  readonly symbols: readonly string[]; // of the kernel: any of them shows that it is there (/proc/kallsyms)
  readonly module: string; //             where it can be loaded from
  readonly option: string; //             of the kernel's configuration
  readonly needed: (config: AgentConfig) => boolean;
}

const always = () => true;

/** What Berth's items are made of. */
const FEATURES: readonly Feature[] = [
  { name: 'veth', symbols: ['veth_newlink'], module: 'veth', option: 'CONFIG_VETH', needed: always },
  {
    name: 'nftables',
    symbols: ['nf_tables_newtable'],
    module: 'nf_tables',
    option: 'CONFIG_NF_TABLES',
    needed: always,
  },
  { name: 'nft nat', symbols: ['nft_nat_init'], module: 'nft_nat', option: 'CONFIG_NFT_NAT', needed: always },
  { name: 'nft masquerade', symbols: ['nft_masq_init'], module: 'nft_masq', option: 'CONFIG_NFT_MASQ', needed: always },
  {
    name: 'nft fib',
    symbols: ['nft_fib_inet_eval'],
    module: 'nft_fib_inet',
    option: 'CONFIG_NFT_FIB_INET',
    needed: always,
  },
  {
    name: 'conntrack',
    symbols: ['nf_conntrack_in'],
    module: 'nf_conntrack',
    option: 'CONFIG_NF_CONNTRACK',
    needed: always,
  },
  { name: 'tbf', symbols: ['tbf_init'], module: 'sch_tbf', option: 'CONFIG_NET_SCH_TBF', needed: always },
  {
    name: 'bridge',
    symbols: ['br_dev_newlink'],
    module: 'bridge',
    option: 'CONFIG_BRIDGE',
    needed: ({ network }) => network.mode === 'bridge',
  },
  {
    name: 'vxlan',
    symbols: ['vxlan_newlink'],
    module: 'vxlan',
    option: 'CONFIG_VXLAN',
    needed: ({ network }) =>
      network.tunnel.use === 'always' || (network.tunnel.use === 'auto' && network.peers.length > 0),
  },
];

/**
 * Is the kernel able? By its own list of symbols, and by the modules it could load; nothing is loaded or made for it.
 */
export function checkKernelFeatures({ files, config }: NodeView): readonly Finding[] {
  const symbols = files.text('/proc/kallsyms');
  if (symbols === undefined || symbols === '') return [skipped('kernel', '/proc/kallsyms cannot be read')];
  const release = files.text('/proc/sys/kernel/osrelease')?.trim() ?? '';
  const modules = ['modules.builtin', 'modules.dep']
    .map((name) => files.text(`/lib/modules/${release}/${name}`) ?? '')
    .join('\n');
  const wanted = FEATURES.filter(({ needed }) => needed(config));
  const missing = wanted.filter((feature) => !isThere(feature, symbols, modules));
  if (missing.length === 0) return [good('kernel', `${release} has ${wanted.map(({ name }) => name).join(', ')}`)];
  return missing.map(({ name, module, option }) =>
    bad('kernel', `${release} has no ${name}`, `load the module ${module}, or run a kernel with ${option}`),
  );
}

function isThere({ symbols, module }: Feature, all: string, modules: string): boolean {
  const listed = symbols.some((symbol) => new RegExp(`\\s${symbol}(\\s|$)`, 'm').test(all));
  return listed || modules.includes(`/${module}.ko`);
}
