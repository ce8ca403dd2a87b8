import type { Millis } from '../../base/clock.ts';
import { timeText } from './time.ts';

/** What an Event is about, and what it says. */
export interface EventWords {
  readonly namespace: string; // of the Event; what has none of its own has it in "default"
  readonly name: string; //      of the Event
  readonly about: {
    readonly kind: 'Pod' | 'Node';
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly node: string; // who says so
}

/** Who tells Berth's Events. */
export const COMPONENT = 'berth';

/** An Event of the core group, which every kubectl shows with its count. */
export function writeEvent(of: EventWords): object {
  const { namespace, name, about, type, reason, node } = of;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name },
    involvedObject: { apiVersion: 'v1', ...about },
    type,
    reason,
    ...writeRepeat(of),
    firstTimestamp: timeText(of.firstAt),
    source: { component: COMPONENT, host: node },
    reportingComponent: COMPONENT,
    reportingInstance: node,
  };
}

/** What changes when the same happens again. */
export function writeRepeat({ message, count, lastAt }: Pick<EventWords, 'message' | 'count' | 'lastAt'>): object {
  return { message, count, lastTimestamp: timeText(lastAt) };
}
