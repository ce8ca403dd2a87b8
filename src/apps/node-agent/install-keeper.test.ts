import { expect, test } from 'vitest';
import type { Logger } from '../../base/log.ts';
import type { Tended, Tending } from '../../io/system/kept-files.ts';
import { keepInstalled } from './install-keeper.ts';
import { HandClock } from './testing/hand-clock.ts';

/** A keeper over files of which `next` says what is found, with all that it asked and told. */
function stage() {
  const clock = new HandClock();
  const it = {
    clock,
    next: (): readonly Tended[] => [],
    which: 'altered' as 'altered' | 'missing' | 'never',
    asked: [] as Tending[],
    told: [] as string[],
    counted: 0,
    end: () => {},
  };
  const tell = (level: string) => (event: string) => void it.told.push(`${level}: ${event}`);
  const log: Logger = { error: tell('error'), warn: tell('warn'), info: tell('info'), debug: tell('debug') };
  const files = {
    tend: (tending: Tending) => {
      it.asked.push(tending);
      return it.next();
    },
  };
  const meter = { repaired: (_: string, items: number) => void (it.counted += items) };
  it.end = keepInstalled({ ...{ files, clock, log, meter }, which: () => it.which, serving: () => true });
  return it;
}

test('A25: it looks at the start, and every five seconds', async () => {
  const it = stage();
  await it.clock.pass(10_000);
  expect(it.asked).toEqual(Array(3).fill({ which: 'altered', serving: true }));
  it.end();
  await it.clock.pass(10_000);
  expect(it.asked).toHaveLength(3);
});

test('what is put back is told and counted each time; what cannot be, once', async () => {
  const it = stage();
  it.next = () => [{ path: '/a', was: 'missing' }];
  await it.clock.pass(10_000);
  it.next = () => [{ path: '/a', was: 'missing', because: 'no space' }];
  await it.clock.pass(10_000);
  expect(it.told).toEqual(['warn: put back', 'warn: put back', 'error: not put back']);
  expect(it.counted).toBe(2);
});

test('it stops and begins again as the configuration says', async () => {
  const it = stage();
  it.which = 'never';
  await it.clock.pass(20_000);
  expect(it.asked).toHaveLength(1);
  it.which = 'missing';
  await it.clock.pass(5_000);
  expect(it.asked.at(-1)).toEqual({ which: 'missing', serving: true });
});

test('a manifest that cannot be read ends nothing', async () => {
  const it = stage();
  it.next = () => {
    throw new SyntaxError('half a manifest');
  };
  await it.clock.pass(10_000);
  expect(it.told).toEqual(['error: not put back']);
  expect(it.asked).toHaveLength(3);
});
