import type { Cloud, Env } from './cloud.ts';
import type { Fault } from './fault.ts';
import type { Id } from './nouns.ts';
import { type AddressWishes, type Call, countOf, type Request } from './request.ts';
import { freeBlocksIn, freeIn } from './space.ts';
import { nicOf, struck } from './strike.ts';
import type { Mishap } from './trouble.ts';

type Exhaust = Extract<Mishap, { readonly kind: 'exhaust' }>;
type Limit = Extract<Mishap, { readonly kind: 'limit' }>;

/** Says no in place of doing it, as if the subnet were empty or the instance full: what is counted is not asked. */
export function shortage(before: Cloud, call: Call, env: Env): { readonly cloud: Cloud; readonly fault?: Fault } {
  const { request } = call;
  const asked = askedFor(request);
  const exhausts = (what: Mishap): what is Exhaust => what.kind === 'exhaust' && asked[what.of] > 0;
  const empty = struck(before, call, { fits: exhausts, env });
  if (empty.by !== undefined) return { cloud: empty.cloud, fault: emptyFault(empty.cloud, request, empty.by.of) };
  const limits = (what: Mishap): what is Limit =>
    what.kind === 'limit' && request.do === (what.of === 'nics' ? 'attach-nic' : 'assign');
  const full = struck(before, call, { fits: limits, env });
  const fault = full.by === undefined ? undefined : fullFault(full.cloud, request);
  return fault === undefined ? { cloud: before } : { cloud: full.cloud, fault };
}

/** How many addresses and prefixes of IPv4. */
function askedFor(request: Request): Readonly<Record<Exhaust['of'], number>> {
  if (request.do === 'run-instances') return { address: request.most, prefix: 0 };
  if (request.do !== 'create-nic' && request.do !== 'assign') return { address: 0, prefix: 0 };
  const { addresses, prefixes }: AddressWishes = request;
  const primary = request.do === 'create-nic' ? 1 : 0;
  return { address: primary + countOf(addresses), prefix: countOf(prefixes) };
}

function emptyFault(cloud: Cloud, request: Request, of: Exhaust['of']): Fault {
  const named = request.do === 'run-instances' ? request.nics[0]?.subnet : undefined;
  const subnet =
    nicOf(cloud, request)?.subnet ?? (request.do === 'create-nic' ? request.subnet : (named ?? ('' as Id)));
  const space = cloud.spaces.get(subnet);
  const wanted = askedFor(request)[of];
  const free = space === undefined ? 0 : freeIn(space);
  const facts = { subnet, family: 'v4', wanted, during: request.do } as const;
  if (of === 'address') return { why: 'subnet-empty', ...facts, free: Math.min(free, wanted - 1) };
  const blocks = space === undefined ? 0 : freeBlocksIn(space);
  return { why: 'no-free-prefix', ...facts, free: Math.min(blocks, wanted - 1), freeAddresses: free };
}

/** The limit is said to be what there is. */
function fullFault(cloud: Cloud, request: Request): Fault | undefined {
  const nic = nicOf(cloud, request);
  const id = request.do === 'attach-nic' ? request.instance : nic?.attachment?.instance;
  const instance = id === undefined ? undefined : cloud.instances.get(id);
  if (instance === undefined || nic === undefined) return undefined;
  const { id: on, type } = instance;
  if (request.do === 'attach-nic')
    return { why: 'nic-limit', instance: on, type, limit: (cloud.nicsOf.get(on) ?? []).length };
  const has = nic.addresses.length + nic.prefixes.length;
  const { address, prefix } = askedFor(request);
  const facts = { nic: nic.id, instance: on, type, family: 'v4' } as const;
  return { why: 'address-limit', ...facts, limit: has, has, wanted: address + prefix };
}
