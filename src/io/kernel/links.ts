import type { Mac } from '../../base/mac.ts';
import { sameLink } from '../../core/datapath/identity.ts';
import type { LinkRef } from '../../core/datapath/plan.ts';
import type { LinkMessage } from '../../wire/rtnetlink/link.ts';
import { KernelError } from './kernel.ts';
import type { Places } from './places.ts';
import { readLink } from './readings.ts';

/** LOOPBACK_IFINDEX, linux/if.h: the same in every namespace. */
const LOOPBACK = 1;

/** What is known of a link: all that was read of it, or, of one that this very call makes, what it was told to have. */
export interface Known {
  readonly index: number;
  readonly mac?: Mac;
}

/** Names to indexes for the length of one call. Each link is asked for at most once. */
export class Links {
  readonly #places: Places;
  readonly #read = new Map<string, LinkMessage | undefined>();
  readonly #born: { readonly ref: LinkRef; readonly known: Known }[] = []; // a few

  constructor(places: Places) {
    this.#places = places;
  }

  /** From now on the link is known as one that this call makes. */
  bear(ref: LinkRef, known: Known): void {
    this.#born.push({ ref, known });
  }

  /** Whether this call makes the link. */
  isBorn(ref: LinkRef): boolean {
    return this.#bornOf(ref) !== undefined;
  }

  /** The link as the kernel shows it, or undefined. One in a pod without a sandbox is not there. Throws KernelError. */
  read(ref: LinkRef): LinkMessage | undefined {
    const name = nameOf(ref);
    if (this.#read.has(name)) return this.#read.get(name);
    const place = ref.netns === 'host' ? this.#places.host : this.#places.pod;
    const link = place === undefined ? undefined : readLink(place, ref.name);
    this.#read.set(name, link);
    return link;
  }

  /** Throws KernelError, kind `absent`, when there is no such link. */
  index(ref: LinkRef): number {
    return this.#known(ref).index;
  }

  /** Throws KernelError, kind `absent`, when there is no such link or it has no MAC. */
  mac(ref: LinkRef): Mac {
    const { mac } = this.#known(ref);
    if (mac === undefined) throw new KernelError('absent', `link ${nameOf(ref)} has no MAC`);
    return mac;
  }

  #known(ref: LinkRef): Known {
    if (ref.name === 'lo') return { index: LOOPBACK };
    const known = this.#bornOf(ref) ?? this.read(ref);
    if (known === undefined) throw new KernelError('absent', `there is no link ${nameOf(ref)}`);
    return known;
  }

  #bornOf(ref: LinkRef): Known | undefined {
    for (const { ref: born, known } of this.#born) if (sameLink(born, ref)) return known;
    return undefined;
  }
}

function nameOf({ netns, name }: LinkRef): string {
  return `${netns}:${name}`;
}
