import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';

/** What may go wrong between processes and the API server. Shares are of calls, or of events. */
export interface ApiWeather {
  readonly lost: number; //     the question never arrives
  readonly unheard: number; //  it is done, and its answer lost
  readonly late: number; //     it arrives seconds later, perhaps after nobody waits for it any more
  readonly fails: number; //    500, 429 or 504
  readonly lagMs: Millis; //    a watch tells so much later at most: each by its own
  readonly doubled: number; //  an event comes twice
  readonly endsMs: Millis; //   a watch is ended after so long; 0: when it asked for
  readonly forgetsMs: Millis; // versions are forgotten so often, and watches end with 410; 0: never
  readonly brokerLost: number; // questions to the controller, or their answers
}

export const FAIR_API: ApiWeather = {
  lost: 0,
  unheard: 0,
  late: 0,
  fails: 0,
  lagMs: 50,
  doubled: 0,
  endsMs: 0,
  forgetsMs: 0,
  brokerLost: 0,
};

/** Fair for a quarter of the seeds; else some of it. */
export function apiWeatherOf(random: Random): ApiWeather {
  if (random.fraction() < 0.25) return FAIR_API;
  const maybe = (chance: number, value: () => number) => (random.fraction() < chance ? value() : 0);
  return {
    lost: maybe(0.4, () => 0.02 + random.fraction() * 0.2),
    unheard: maybe(0.4, () => 0.02 + random.fraction() * 0.2),
    late: maybe(0.4, () => 0.02 + random.fraction() * 0.15),
    fails: maybe(0.4, () => 0.02 + random.fraction() * 0.3),
    lagMs: maybe(0.6, () => random.fraction() * 20_000) || 50,
    doubled: maybe(0.3, () => 0.3),
    endsMs: maybe(0.4, () => 2_000 + random.fraction() * 60_000),
    forgetsMs: maybe(0.4, () => 10_000 + random.fraction() * 100_000),
    brokerLost: maybe(0.4, () => 0.05 + random.fraction() * 0.3),
  };
}

/** In a line, for whoever reads a story. */
export function apiWeatherText(of: ApiWeather): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const seconds = (ms: Millis) => `${(ms / 1_000).toFixed(0)} s`;
  const told = [
    of.lost > 0 ? `${percent(of.lost)} of questions are lost` : [],
    of.unheard > 0 ? `${percent(of.unheard)} of answers` : [],
    of.late > 0 ? `${percent(of.late)} are late` : [],
    of.fails > 0 ? `${percent(of.fails)} fail` : [],
    of.lagMs > 1_000 ? `watches lag up to ${seconds(of.lagMs)}` : [],
    of.doubled > 0 ? 'events come twice' : [],
    of.endsMs > 0 ? `watches end after ${seconds(of.endsMs)}` : [],
    of.forgetsMs > 0 ? `410 every ${seconds(of.forgetsMs)}` : [],
    of.brokerLost > 0 ? `${percent(of.brokerLost)} of questions to the controller are lost` : [],
  ].flat();
  return told.join(', ') || 'the API server does well';
}
