import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeEvent } from './event.ts';
import { microTimeText, timeText } from './time.ts';

test('times are written as the calendar has them', () => {
  const times = fc.integer({ min: 0, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(times, (at) => {
      const text = new Date(at).toISOString();
      expect(timeText(at)).toBe(text.replace(/\.\d+Z$/, 'Z'));
      expect(microTimeText(at)).toBe(text.replace('Z', '000Z'));
    }),
    { numRuns: 1_000 },
  );
});

test('an Event says whom it is about, how often and since when', () => {
  const event = writeEvent({
    namespace: 'web',
    name: 'a.1',
    about: { kind: 'Pod', namespace: 'web', name: 'a', uid: 'u' },
    type: 'Warning',
    reason: 'NoAddress',
    message: 'none',
    count: 3,
    firstAt: 0,
    lastAt: 60_000,
    node: 'node-1',
  });
  expect(event).toMatchObject({
    metadata: { namespace: 'web', name: 'a.1' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'web', name: 'a', uid: 'u' },
    count: 3,
    firstTimestamp: '1970-01-01T00:00:00Z',
    lastTimestamp: '1970-01-01T00:01:00Z',
    source: { component: 'berth', host: 'node-1' },
  });
});
