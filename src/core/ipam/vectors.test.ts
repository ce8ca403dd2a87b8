import { expect, test } from 'vitest';
import { ADDRESS_VECTORS, PREFIX_VECTORS } from './testing/aws-vectors.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

// A27: AWS's own knobs. States at rest: everybody has what they asked for and nothing cools.

const cases = [
  ...ADDRESS_VECTORS.flatMap(([nics, per, targets, vectors]) =>
    vectors.map(([pods, shape, free]) => ({ nics, per, prefixes: false, targets, pods, shape, free })),
  ),
  ...PREFIX_VECTORS.flatMap(([targets, vectors]) =>
    vectors.map(([pods, shape, free]) => ({ nics: 3, per: 3, prefixes: true, targets, pods, shape, free })),
  ),
];

test.each(cases)(
  'A27: $nics x $per, prefixes $prefixes, $targets: $pods pods come and there are $shape, $free free',
  ({ nics, per, prefixes, targets, pods, shape, free }) => {
    const unit = prefixes ? 'prefix' : 'address';
    const it = new CloudDriver({ limits: limitsOf(nics, per + 1, prefixes) }, { targets, unit }).start();
    it.pods(pods).passes(60_000);
    expect([it.shape, it.granted.size]).toEqual([shape, pods]);
    expect(size(it.shape, prefixes) - pods).toBe(free);
    const calls = it.asked.length;
    it.passes(3_600_000); // and that is where it rests
    expect([it.shape, it.asked.length]).toEqual([shape, calls]);
  },
);

test.each(cases)(
  'A27: $nics x $per, prefixes $prefixes, $targets: all pods but $pods leave and there are $shape, $free free',
  ({ nics, per, prefixes, targets, pods, shape }) => {
    const unit = prefixes ? 'prefix' : 'address';
    const it = new CloudDriver({ limits: limitsOf(nics, per + 1, prefixes) }, { targets, unit }).start();
    it.pods(Math.min(nics * per * (prefixes ? 16 : 1), 100)).passes(60_000);
    it.pods(pods).passes(3_600_000);
    expect(it.shape).toEqual(shape);
  },
);

function size(shape: readonly number[], prefixes: boolean): number {
  return shape.reduce((sum, it) => sum + it, 0) * (prefixes ? 16 : 1);
}
