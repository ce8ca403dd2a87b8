import { inPod, linksOf, linkUnder } from '../../core/datapath/identity.ts';
import type { Item } from '../../core/datapath/plan.ts';
import type { Scene } from './fake-rules.ts';
import type { KernelChange } from './kernel.ts';

/**
 * What Linux would tell of an item that comes, goes or changes: nothing for some. The item's link must still be there
 * to be named.
 */
export function changesOf(world: Scene, item: Item, sandbox: string | undefined): readonly KernelChange[] {
  const what = subjectOf(item);
  if (what === undefined) return [];
  if (!inPod(item)) {
    const link = linkUnder(item) ?? linksOf(item)[0];
    return [{ kind: 'host', what, ...(link === undefined ? {} : { link: link.name }) }];
  }
  const link = linkUnder(item);
  const veth = link === undefined ? undefined : world.vethOf(link, sandbox);
  if (veth?.kind !== 'veth' || what === 'rule' || what === 'nftables') return [];
  return [{ kind: 'pod', what, hostLink: veth.host.name }];
}

/** Settings that Linux changes in silence. */
const SILENT: ReadonlySet<string> = new Set([
  'v4.route_localnet',
  'v6.accept_ra',
  'v6.disable_ipv6',
  'v6.addr_gen_mode',
]);

type Subject = (KernelChange & { kind: 'host' })['what'];

/** What a notification about an item would be about; undefined where the kernel sends none. */
function subjectOf(item: Item): Subject | undefined {
  switch (item.kind) {
    case 'veth':
    case 'bridge':
    case 'vxlan':
    case 'vlan':
    case 'port':
    case 'up':
      return 'link';
    case 'address':
      return 'address';
    case 'neighbour':
    case 'fdb':
      return 'neighbour';
    case 'route':
    case 'unreachable':
      return 'route';
    case 'rule':
    case 'local-rule':
      return 'rule';
    case 'sysctl':
      return SILENT.has(item.key) ? undefined : 'netconf';
    case 'host-sysctl':
      return 'netconf';
    case 'tbf':
      return undefined;
    case 'ruleset':
    case 'element':
    case 'forward-accept':
      return 'nftables';
  }
}
