import type { Millis } from '../../../src/base/clock.ts';
import { type Address, address, type Prefix, prefix } from '../../../src/base/ip.ts';
import { type Random, seeded } from '../../../src/base/random.ts';
import { advance } from '../advance.ts';
import type { Answer, View } from '../answer.ts';
import { type Cloud, emptyCloud, type Touch } from '../cloud.ts';
import type { Fault } from '../fault.ts';
import type { Id, Instance, Kind, Nic, Subnet, Vpc } from '../nouns.ts';
import type { Call, NewNic, Request } from '../request.ts';
import type { CloudRules, IdForm } from '../rules.ts';
import { type Stepped, step } from '../step.ts';

const KINDS: readonly Kind[] = [
  ...(['vpc', 'subnet', 'reservation', 'group', 'rule', 'route-table', 'gateway', 'nat'] as const),
  ...(['instance', 'nic', 'attachment', 'association', 'job'] as const),
];
const form = (kind: Kind): [Kind, IdForm] => [kind, { prefix: `${kind}-`, letters: 8, alphabet: '0123456789abcdef' }];

/** Small and quick: three NICs of six slots, everything seen at once, attaching takes a second. */
export const RULES: CloudRules = {
  dialect: 'aws',
  ids: Object.fromEntries(KINDS.map(form)) as CloudRules['ids'],
  reserved: { first: 4, last: 1 },
  prefixLengths: { v4: 28, v6: 80 },
  delays: {
    attach: [1000, 1000],
    detach: [2000, 2000],
    launch: [5000, 5000],
    describe: [0, 0],
    metadata: [0, 0],
    job: [0, 0],
  },
  buckets: {},
  limits: (type) => ({
    cards: type === 'two-cards' ? [{ nics: 2 }, { nics: 2 }] : [{ nics: 3 }],
    addressesPerNic: 6,
    addresses6PerNic: 6,
    nitro: type !== 'old',
    ...(type === 'old' ? {} : { branches: 2 }),
    vcpus: 2,
    memoryMiB: 8192,
  }),
};

/** A cloud with a clock in the test's hand. */
export class Stage {
  cloud: Cloud;
  now: Millis = 1_000_000;
  readonly random: Random;

  constructor(rules: Partial<CloudRules> = {}, seed = 1) {
    this.cloud = emptyCloud({ ...RULES, ...rules }, ['one', 'two']);
    this.random = seeded(seed);
  }

  /** Takes a step, and keeps the cloud. */
  step(request: Request, call: Partial<Call> = {}): Stepped {
    const whole: Call = { action: request.do, group: 'all', account: 'me', ...call, request };
    const stepped = step(this.cloud, whole, { now: this.now, random: this.random });
    this.cloud = stepped.cloud;
    return stepped;
  }

  /** The answer; a fault fails the test. */
  ask<A extends Answer['is']>(is: A, request: Request, call?: Partial<Call>): Extract<Answer, { readonly is: A }> {
    const { reply } = this.step(request, call);
    if ('fault' in reply) throw new Error(`${request.do}: ${JSON.stringify(reply.fault)}`);
    if (reply.answer.is !== is) throw new Error(`${request.do}: answered ${reply.answer.is}`);
    return reply.answer as Extract<Answer, { readonly is: A }>;
  }

  /** The fault; an answer fails the test. */
  fault(request: Request, call?: Partial<Call>): Fault {
    const { reply } = this.step(request, call);
    if ('answer' in reply) throw new Error(`${request.do}: answered ${JSON.stringify(reply.answer)}`);
    return reply.fault;
  }

  /** Lets time pass, and answers what happened by itself. */
  pass(ms: Millis): readonly Touch[] {
    this.now += ms;
    const moved = advance(this.cloud, { now: this.now, random: this.random });
    this.cloud = moved.cloud;
    return moved.touched;
  }

  made<K extends View['kind']>(kind: K, request: Request, call?: Partial<Call>): Extract<View, { readonly kind: K }> {
    const { view } = this.ask('made', request, call);
    if (view.kind !== kind) throw new Error(`${request.do}: made ${view.kind}`);
    return view as Extract<View, { readonly kind: K }>;
  }

  vpc(range = '10.0.0.0/16', v6 = false): Vpc {
    return this.made('vpc', { do: 'create-vpc', range: prefix(range), v6, tags: {} }).vpc;
  }

  subnet(vpc: Vpc, range = '10.0.0.0/24', more: { readonly zone?: string; readonly v6?: Prefix } = {}): Subnet {
    return this.made('subnet', { do: 'create-subnet', vpc: vpc.id, v4: prefix(range), ...more, tags: {} }).subnet;
  }

  nic(subnet: Subnet, more: Partial<NewNic> = {}): Nic {
    return this.made('nic', { do: 'create-nic', subnet: subnet.id, ...more }).nic;
  }

  /** Running. */
  instance(subnet: Subnet, type = 'plain'): Instance {
    const nics = [{ device: 0, subnet: subnet.id }];
    const { instances } = this.ask('launched', { do: 'run-instances', least: 1, most: 1, type, nics, tags: {} });
    this.pass(5000);
    return this.sure(this.cloud.instances.get(instances[0]?.instance.id ?? ('' as Id)));
  }

  /** Attached, and in use. */
  attachedNic(instance: Instance, subnet: Subnet, more: Partial<NewNic> = {}): Nic {
    const { id } = this.nic(subnet, more);
    this.ask('attached', { do: 'attach-nic', nic: id, instance: instance.id });
    this.pass(1000);
    return this.nicNow(id);
  }

  /** A NIC as it is. */
  nicNow(id: Id): Nic {
    return this.sure(this.cloud.nics.get(id));
  }

  free(subnet: Subnet): number {
    const views = this.views({ do: 'describe', kind: 'subnet', ids: [subnet.id] });
    return views[0]?.kind === 'subnet' ? views[0].free : Number.NaN;
  }

  views(request: Extract<Request, { readonly do: 'describe' }>, call?: Partial<Call>): readonly View[] {
    return this.ask('views', request, call).views;
  }

  private sure<T>(it: T | undefined): T {
    if (it === undefined) throw new Error('it is not there');
    return it;
  }
}

/** Addresses as they are written. */
export function addresses(...texts: readonly string[]): readonly Address[] {
  return texts.map(address);
}

/** Ranges as they are written. */
export function ranges(...texts: readonly string[]): readonly Prefix[] {
  return texts.map(prefix);
}
