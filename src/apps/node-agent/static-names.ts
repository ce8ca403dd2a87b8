import { type Address, contains, type Prefix } from '../../base/ip.ts';
import type { Change } from '../../io/kube/informer.ts';
import type { StaticAddressShape } from '../../wire/kube/crd/static-address.ts';
import type { Name } from './static-deeds.ts';

/** Which addresses are names', wherever these are: as the cluster told last. */
export class StaticNames {
  readonly #names = new Map<Address, Name>();

  hear(change: Change<StaticAddressShape>): void {
    for (const it of change.kind === 'added' ? [] : change.before.status.addresses) this.#names.delete(it);
    if (change.kind === 'removed') return;
    const { namespace, name, status } = change.now;
    for (const it of status.addresses) this.#names.set(it, { namespace, name });
  }

  /** Those that lie in a prefix. O(names). */
  *within(prefix: Prefix): Generator<Address> {
    for (const address of this.#names.keys()) if (contains(prefix, address)) yield address;
  }

  /** Whose an address is; undefined: nobody's. */
  of(address: Address): Name | undefined {
    return this.#names.get(address);
  }
}
