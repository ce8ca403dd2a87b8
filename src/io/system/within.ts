import type { Clock, Millis } from '../../base/clock.ts';

/** What comes of it, or undefined once so much time has passed. Nobody need catch what it throws after that. */
export function within<T>(ms: Millis, work: Promise<T>, clock: Clock): Promise<T | undefined> {
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.timer(ms, () => resolve(undefined));
  });
  return Promise.race([work, late]).finally(cancel);
}
