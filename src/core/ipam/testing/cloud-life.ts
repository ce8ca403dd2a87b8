import { adopt } from '../adopt.ts';
import type { Holdable, NicId, NicReport } from '../nic.ts';
import { step } from '../step.ts';
import { type CloudHouse, CloudWorld, LIMITS, MAX_PODS } from './cloud-world.ts';

// What happens on the node of a cloud-world.ts: pods come and go, the agent crashes, others change its NICs; at last
// everybody leaves.

const REST_MS = 1_800_000;

/** One run: the same seed and house give the same run. Throws what promise was broken, with the last events. */
export function simulateCloud(seed: number, house: CloudHouse = { step, adopt }, acts = 60): CloudWorld {
  const world = new CloudWorld(seed, house);
  world.feed({ kind: 'limits', limits: world.cloud.limits });
  for (let i = 0; i < acts; i++) {
    world.passes(Math.floor(world.random.fraction() ** 3 * 30_000) + 1);
    act(world);
  }
  rest(world);
  return world;
}

/** Somebody else changes our NICs. */
function meddle(world: CloudWorld): void {
  world.seen.outside++;
  const nics = [...world.cloud.nics.values()];
  const nic = world.pick(nics);
  const dice = world.random.fraction();
  if (dice < 0.3 && nic.device !== 0) detach(world, nic.id);
  else if (dice < 0.7 && nic.holds.size > 0) {
    const it = world.pick([...nic.holds]);
    world.taken.add(it);
    world.cloud.takeBack(nic.id, it);
  } else if (nic.holds.size < LIMITS.slotsV4 - 1) world.cloud.putFromOutside(nic.id);
}

function detach(world: CloudWorld, nic: NicId): void {
  for (const it of world.cloud.nics.get(nic)?.holds ?? []) world.taken.add(it);
  for (const it of world.cloud.nics.get(nic)?.holds ?? []) world.cloud.takeBack(nic, it);
  world.cloud.nics.delete(nic);
  world.feed({ kind: 'nicGone', nic });
}

function act(world: CloudWorld): void {
  const dice = world.random.fraction();
  const [late] = world.gone;
  if (late !== undefined && dice < 0.3) world.remove(late);
  else if (dice < 0.55) world.add();
  else if (dice < 0.85 && world.told.size > 0) world.remove(world.pick([...world.told.keys()]));
  else if (dice < 0.88) world.crash();
  else if (dice < 0.91) meddle(world);
  else if (dice < 0.94) world.cloud.dry = !world.cloud.dry;
  else if (dice < 0.95) world.feed({ kind: 'cordoned', cordoned: world.random.fraction() < 0.5 });
  else world.feed({ kind: 'expected', pods: Math.floor(world.random.fraction() * 4) });
}

/** Everybody leaves and nothing fails any more: then nothing is left, everything is owned, everything is given. */
function rest(world: CloudWorld): void {
  world.calm = true;
  world.cloud.dry = false;
  for (const by of [...world.open.keys(), ...world.told.keys(), ...world.gone]) world.remove(by);
  world.feed({ kind: 'expected', pods: 0 });
  world.feed({ kind: 'cordoned', cordoned: false });
  world.passes(REST_MS);
  world.must(
    world.pool.claims.size + world.pool.waiting.length + world.memory.attachments.size === 0,
    'somebody is left',
  );
  const unsettled = [...world.memory.intents.values()].filter(({ settledAt }) => settledAt === undefined);
  world.must(unsettled.length + (world.pool.cloud?.flights.length ?? 0) === 0, 'an intent is never settled');
  for (const nic of world.cloud.report()) judgeOwned(world, nic);
  const before = world.seen.calls;
  world.passes(REST_MS);
  world.must(world.seen.calls === before, 'it does not rest');
  for (let i = 0; i < MAX_PODS; i++) world.add(30_000);
  world.passes(30_000);
  world.must(world.told.size === MAX_PODS, `of ${MAX_PODS} pods ${world.told.size} were served`);
}

function judgeOwned(world: CloudWorld, { id: nic, addresses, prefixes }: NicReport): void {
  const known = world.pool.cloud?.nics.find(({ report }) => report.id === nic);
  for (const it of [...addresses, ...prefixes])
    world.must(known?.holds.has(it) === true, `${it} of ${nic} is nobody's`);
  const size = (world.pool.cloud?.nics ?? []).reduce((sum, { holds }) => sum + sizeIn(holds.keys()), 0);
  world.must(size < MAX_PODS + 16, 'more than max-pods and a unit');
}

function sizeIn(all: Iterable<Holdable>): number {
  return [...all].reduce((sum, it) => sum + (it.includes('/') ? 16 : 1), 0);
}
