import { type Address, address, familyOf, type Prefix, prefix } from '../../../base/ip.ts';
import type { NicReport } from '../../../core/ipam/nic.ts';
import { unitsOf } from '../../../core/ipam/nic-holding.ts';
import type { NearCloud } from '../near.ts';
import type { Metadata } from './metadata.ts';
import { readVpcRanges } from './self.ts';

/** What an instance's metadata tell of its NICs: no call of EC2, no permission. */
export class InstanceMetadata implements NearCloud {
  readonly #metadata: Metadata;
  #primaryMac: string | undefined;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  async macs(): Promise<readonly string[]> {
    const lines = await this.#metadata.lines('network/interfaces/macs/');
    return lines.map((line) => line.replace(/\/$/, ''));
  }

  /**
   * A NIC never changes its own address of IPv4: an answer without it was asked while the NIC was not shown. So was one
   * with nothing at all, unless the NIC has nothing, as those for EFA alone.
   */
  async heard(nic: NicReport): Promise<NicReport | undefined> {
    const lines = (leaf: string) => this.#metadata.lines(`network/interfaces/macs/${nic.mac}/${leaf}`);
    const [v4, v6, prefixes4, prefixes6] = await Promise.all(
      ['local-ipv4s', 'ipv6s', 'ipv4-prefix', 'ipv6-prefix'].map(lines),
    );
    const own = new Set<string>(nic.primary);
    const all = [...(v4 ?? []), ...(v6 ?? [])].map((line) => address(line.trim()));
    const prefixes = [...(prefixes4 ?? []), ...(prefixes6 ?? [])].map((line) => prefix(line.trim()));
    const isMissed = (it: Address) => familyOf(it) === 'v4' && !all.includes(it);
    const isEmpty = all.length + prefixes.length === 0;
    const hadSome = nic.primary.length + unitsOf(nic).length > 0;
    if (nic.primary.some(isMissed) || (isEmpty && hadSome)) return undefined;
    return {
      ...nic,
      primary: nic.primary.filter((it) => all.includes(it)),
      addresses: all.filter((it) => !own.has(it)),
      prefixes,
    };
  }

  async groups(): Promise<readonly string[]> {
    return this.#metadata.lines(`network/interfaces/macs/${await this.#primary()}/security-group-ids`);
  }

  async vpcRanges(): Promise<readonly Prefix[]> {
    return readVpcRanges(this.#metadata, await this.#primary());
  }

  async #primary(): Promise<string> {
    this.#primaryMac ??= (await this.#metadata.get('mac')).trim();
    return this.#primaryMac;
  }
}
