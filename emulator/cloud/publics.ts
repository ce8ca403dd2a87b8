import { type Address, nth, type Prefix, sizeOf } from '../../src/base/ip.ts';
import type { Cloud, Env } from './cloud.ts';
import type { Id } from './nouns.ts';

const RANGE = '198.18.0.0/15' as Prefix; // for benchmarks, RFC 2544: nobody routes it

/** The cloud in which somebody has a public address that nobody had. Undefined when there is none left. */
export function withPublic(
  cloud: Cloud,
  by: Id,
  env: Env,
): { readonly cloud: Cloud; readonly address: Address } | undefined {
  const range = cloud.rules.publicRange ?? RANGE;
  const size = Number(sizeOf(range));
  const start = Math.floor(env.random.fraction() * size);
  for (let i = 0; i <= Math.min(size - 1, cloud.publics.size); i++) {
    const address = nth(range, BigInt((start + i) % size));
    if (!cloud.publics.has(address)) return { cloud: { ...cloud, publics: cloud.publics.set(address, by) }, address };
  }
  return undefined;
}
