import { expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { seeded } from '../../src/base/random.ts';
import { awsRules } from '../dialects/aws/rules.ts';
import { World } from './world.ts';

const ZONE = 'eu-west-1a';

test('what is due happens also when the timer for it came a moment before the clock says so', () => {
  let now = 1_800_000_000_000;
  let waiting = () => {};
  const timer = (_: number, then: () => void) => {
    waiting = then;
    return () => {};
  };
  const fire = () => {
    const then = waiting;
    waiting = () => {};
    then();
  };
  const clock: Clock = { now: () => now, steady: () => now, timer };
  const world = new World({ rules: awsRules(), zones: [ZONE], clock, random: seeded(1) });
  let heard = 0;
  world.listen(() => heard++);
  world.trouble({ name: 'cut', what: { kind: 'cut', zone: ZONE }, scope: {}, until: now + 100 });
  now += 99;
  fire();
  expect(heard).toBe(1); // that it began
  now += 1;
  fire();
  expect(heard).toBe(2);
});
