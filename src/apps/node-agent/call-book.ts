import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { type CallTold, emptyLedger, type Ledger, noted } from '../../core/calls/ledger.ts';
import type { Metrics } from '../../io/system/metrics.ts';

/** Where every call of the cloud is written down as it ends: the log, the metrics, and the ledger. */
export interface CallBook {
  readonly note: (told: CallTold) => void;
  readonly ledger: () => Ledger;
}

/** Begins empty. What is counted lives as long as the agent. */
export function openCallBook(doors: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'cloudCall'>;
}): CallBook {
  const { clock, log, metrics } = doors;
  let ledger = emptyLedger;
  return {
    note: (told) => {
      ledger = noted(ledger, told, clock.now());
      metrics.cloudCall(told.action, told.outcome, told.ms / 1_000);
      log.debug('cloud call', { ...told });
    },
    ledger: () => ledger,
  };
}
