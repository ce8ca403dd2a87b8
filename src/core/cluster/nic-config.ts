import type { Nic } from '../ipam/cloud.ts';
import { configOf, type NicPlace, type Placing, placeNamed } from '../ipam/placing.ts';
import type { Deed } from '../why/decision.ts';

/**
 * What whoever looks at the Node is told when the NICConfigs are others than before; undefined: nothing that concerns
 * the node itself. What the agent finds as it starts is no news, unless it finds nothing.
 */
export function turnOf(before: Placing, now: Placing, nics: readonly Nic[]): Deed | undefined {
  const { own } = now;
  if (own === undefined) return undefined;
  const place = placeNamed(now, own);
  const isFirst = before.own === undefined;
  const was = isFirst || before.own !== own ? undefined : placeNamed(before, own);
  if (place === undefined) {
    const isNews = isFirst || before.own !== own || was !== undefined;
    return isNews ? { kind: 'placed', config: own, place, staying: [] } : undefined;
  }
  if (isFirst || (before.own === own && was !== undefined && same(was, place))) return undefined;
  return { kind: 'placed', config: own, place, staying: stayingOf(before, place, nics) };
}

function same(a: NicPlace, b: NicPlace): boolean {
  return a.subnet === b.subnet && a.groups.join(' ') === b.groups.join(' ');
}

/** NICs that pods have addresses of, and that stand or are otherwise than a new one would. */
function stayingOf(before: Placing, place: NicPlace, nics: readonly Nic[]) {
  const others = nics.filter(({ report: { subnet, groups } }) => {
    const wanted = place.groups.toSorted().join(' ');
    return subnet !== place.subnet || (wanted !== '' && groups.toSorted().join(' ') !== wanted);
  });
  const used = others.filter(({ report }) => before.own !== undefined && configOf(before, report) === before.own);
  return used.map(({ report }) => report.id);
}
