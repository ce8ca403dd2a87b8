import type { Millis } from '../../../base/clock.ts';
import {
  type Address,
  addressOfNumber,
  familyOf,
  numberOf,
  type Family,
  nth,
  type Prefix,
  prefix,
  sizeOf,
} from '../../../base/ip.ts';
import { localMac } from '../../../base/mac.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { CloudErrorKind, CloudFailure, Given, Holdable, Intent, NicId, NicLimits, NicReport } from '../nic.ts';

// For tests: one subnet's worth of a cloud as a pool sees it. It keeps the limits, and refuses like a real one.

interface TinyNic {
  readonly id: NicId;
  readonly device: number;
  readonly primary: readonly Address[];
  readonly holds: Set<Holdable>;
  readonly managed: boolean;
  readonly config: string | undefined;
}

/** What the cloud is, and which part of its subnet anybody else has. */
export interface TinySettings {
  readonly limits: NicLimits;
  readonly subnet?: string; //   "10.0.0.0/20"
  readonly fragmented?: boolean; // single addresses are left, no /28 is
}

/** Refused by the cloud. */
export class Refused extends Error {
  readonly failure: CloudFailure;
  constructor(kind: CloudErrorKind, message: string) {
    super(message);
    this.failure = {
      kind,
      action: 'Asked',
      code: kind,
      message,
      ...(kind === 'exhausted' ? { subnet: 'subnet-a' } : {}),
    };
  }
}

/** A node's NICs in a subnet. The same token gets the same answer. */
export class TinyCloud {
  readonly limits: NicLimits;
  readonly fragmented: boolean;
  readonly range: Prefix;
  readonly nics = new Map<NicId, TinyNic>();
  readonly answers = new Map<string, CloudEvent>();
  readonly calls = { assign: 0, createNic: 0, unassign: 0, deleteNic: 0 };
  /** Addresses that the subnet has no more for us. */
  dry = false;
  private readonly used = new Set<Address>();
  private serial = 0;

  constructor({ limits, subnet = '10.0.0.0/20', fragmented = false }: TinySettings) {
    this.limits = limits;
    this.fragmented = fragmented;
    this.range = prefix(subnet);
    for (const taken of [0, 1, 2, 3]) this.used.add(nth(this.range, BigInt(taken)));
    this.used.add(nth(this.range, sizeOf(this.range) - 1n));
    this.makeNic();
  }

  /** Carries an intent out, or throws Refused. */
  carryOut(intent: Intent): CloudEvent {
    const before = this.answers.get(intent.token);
    if (before !== undefined) return before;
    this.calls[intent.kind]++;
    const answer = this.answerTo(intent);
    this.answers.set(intent.token, answer);
    return answer;
  }

  private answerTo(intent: Intent): CloudEvent {
    const { token } = intent;
    switch (intent.kind) {
      case 'assign': {
        const nic = this.nics.get(intent.nic);
        if (nic === undefined) throw new Refused('gone', 'no such NIC');
        return { kind: 'assigned', token, given: this.give(nic, intent) };
      }
      case 'createNic': {
        if (this.nics.size >= this.limits.nics) throw new Refused('limit', 'no NIC more');
        if (this.dry) throw new Refused('exhausted', 'the subnet is empty');
        const nic = this.makeNic(true, intent.spec.config);
        try {
          this.give(nic, intent.spec);
        } catch (refused) {
          this.nics.delete(nic.id);
          throw refused;
        }
        return { kind: 'nicCreated', token, nic: this.reportOf(nic) };
      }
      case 'unassign':
        for (const it of intent.what) this.takeBack(intent.nic, it);
        return { kind: 'unassigned', token };
      case 'deleteNic':
        for (const it of this.nics.get(intent.nic)?.holds ?? []) this.takeBack(intent.nic, it);
        this.nics.delete(intent.nic);
        return { kind: 'nicDeleted', token };
    }
  }

  /** That very address, taken off the other NIC first if it is there; or throws Refused. */
  bring(id: NicId, address: Address, from?: NicId): void {
    const nic = this.nics.get(id);
    if (nic === undefined) throw new Refused('gone', 'no such NIC');
    if (nic.holds.has(address)) return;
    if (from !== undefined) this.takeBack(from, address);
    if (this.used.has(address)) throw new Refused('taken', 'it is held by another');
    if (nic.holds.size >= this.limits.slotsV4 - 1) throw new Refused('limit', 'the NIC is full');
    this.used.add(address);
    nic.holds.add(address);
  }

  /** Another node has an address now, or no longer. */
  elsewhere(address: Address, has: boolean): void {
    if (has) this.used.add(address);
    else this.used.delete(address);
  }

  report(): readonly NicReport[] {
    return [...this.nics.values()].map((nic) => this.reportOf(nic));
  }

  /** Whether a NIC of ours holds the address now. */
  holds(address: Address): boolean {
    for (const { holds } of this.nics.values()) for (const it of holds) if (this.covers(it, address)) return true;
    return false;
  }

  /** Whether an address is, or lies in, what a NIC holds. */
  covers(it: Holdable, address: Address): boolean {
    return it === address || (it.includes('/') && inside(it as Prefix, address));
  }

  /** Takes something away, as somebody outside would. */
  takeBack(id: NicId, it: Holdable): void {
    if (this.nics.get(id)?.holds.delete(it) !== true) return;
    for (const address of addressesOf(it)) this.used.delete(address);
  }

  /** Puts an address on a NIC, as somebody outside would. */
  putFromOutside(id: NicId): Address {
    const nic = this.nics.get(id);
    const address = this.next();
    nic?.holds.add(address);
    return address;
  }

  /** A NIC that somebody else attached. */
  addNic(of: { managed: boolean; addresses: number }): NicId {
    const nic = this.makeNic(of.managed);
    for (let i = 0; i < of.addresses; i++) nic.holds.add(this.next());
    return nic.id;
  }

  private makeNic(managed = true, config?: string): TinyNic {
    const serial = this.serial++;
    const nic = {
      id: `eni-${serial}` as NicId,
      device: this.nics.size,
      primary: [this.next()],
      holds: new Set<Holdable>(),
      managed,
      config,
    };
    this.nics.set(nic.id, nic);
    return nic;
  }

  private give(nic: TinyNic, of: { count: number; unit: 'address' | 'prefix'; family: Family }): Given {
    if (of.family === 'v6') {
      const made = prefix(`fd00:0:0:1:${(++this.serial).toString(16)}::/80`);
      nic.holds.add(made);
      return { addresses: [], prefixes: [made] };
    }
    if (this.dry) throw new Refused('exhausted', 'the subnet is empty');
    const used = [...nic.holds].filter((it) => familyOf(it) === of.family).length;
    if (used + of.count > this.limits.slotsV4 - 1) throw new Refused('limit', 'the NIC is full');
    if (of.unit === 'prefix' && this.fragmented) throw new Refused('exhausted', 'no /28 is free');
    const made = Array.from({ length: of.count }, () => (of.unit === 'prefix' ? this.nextPrefix() : this.next()));
    for (const it of made) nic.holds.add(it);
    return {
      addresses: made.filter((it) => !it.includes('/')) as Address[],
      prefixes: made.filter((it) => it.includes('/')) as Prefix[],
    };
  }

  private next(): Address {
    for (let i = 0n; i < sizeOf(this.range); i++) {
      const address = nth(this.range, i);
      if (this.used.has(address)) continue;
      this.used.add(address);
      return address;
    }
    throw new Refused('exhausted', 'the subnet is empty');
  }

  private nextPrefix(): Prefix {
    for (let i = 0n; i < sizeOf(this.range); i += 16n) {
      const range = prefix(`${nth(this.range, i)}/28`);
      if (addressesOf(range).some((it) => this.used.has(it))) continue;
      for (const it of addressesOf(range)) this.used.add(it);
      return range;
    }
    throw new Refused('exhausted', 'no /28 is free');
  }

  private reportOf({ id, device, primary, holds, managed, config }: TinyNic): NicReport {
    return {
      id,
      mac: localMac(BigInt(device + 1)),
      device,
      card: 0,
      subnet: `subnet-${config ?? 'a'}`,
      ...(config === undefined ? {} : { config }),
      subnetRange: this.range,
      gateway: nth(this.range, 1n),
      groups: [],
      primary,
      addresses: [...holds].filter((it) => !it.includes('/')) as Address[],
      prefixes: [...holds].filter((it) => it.includes('/')) as Prefix[],
      kind: 'interface',
      managed,
    };
  }
}

/** What an instance with so many NICs of so many addresses may have; the primary ones are among them. */
export function limitsOf(nics: number, addresses: number, prefixes = false): NicLimits {
  return { nics, slotsV4: addresses, slotsV6: addresses, prefixes };
}

/** How long a call takes in these tests. */
export const CALL_MS: Millis = 300;

function addressesOf(it: Holdable): readonly Address[] {
  if (!it.includes('/')) return [it as Address];
  const first = numberOf(it.slice(0, it.indexOf('/')) as Address);
  return Array.from({ length: 16 }, (_, i) => addressOfNumber(first + BigInt(i), familyOf(it)));
}

function inside(range: Prefix, address: Address): boolean {
  return addressesOf(range).includes(address);
}
