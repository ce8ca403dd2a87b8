import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CONTROLLER_METRICS } from './controller-metric-table.ts';
import type { MetricLine } from './metric-table.ts';
import { named, processNumbers } from './process-metrics.ts';

/** What is true now, asked for when somebody scrapes. */
export interface ControllerSample {
  readonly leading: boolean;
  readonly queues: Readonly<Record<string, number>>; // by reconciler
  readonly callsWaiting: Readonly<Record<string, number>>; // by action of the cloud
  readonly sources: readonly { readonly resource: string; readonly objects: number; readonly heard: boolean }[];
}

/** What the controller counts, in seconds and in numbers. Names: controller-metric-table.ts. */
export interface ControllerMetrics {
  /** One reconcile has ended: "ok", or the kind of what it threw. */
  reconciled(reconciler: string, outcome: string, seconds: number): void;
  apiCall(verb: string, resource: string, outcome: string): void;
  apiEvent(resource: string): void;
  cloudCall(action: string, outcome: string, seconds: number): void;
  /** An agent's question has been answered: "done", "pending", why it was refused, or how it failed. */
  asked(wish: string, outcome: string, seconds: number): void;
  /** All of it in Prometheus' text format 0.0.4, with the sample as it is now. */
  text(sample: ControllerSample): Promise<string>;
  readonly contentType: string;
}

/** Counts from zero: a registry of its own, nothing shared between two calls. */
export function createControllerMetrics(version: string): ControllerMetrics {
  const registry = new Registry();
  const gauge = (line: MetricLine) => new Gauge(named(line, registry));
  const counter = (line: MetricLine) => new Counter(named(line, registry));
  const histogram = (line: MetricLine) =>
    new Histogram({ ...named(line, registry), buckets: [...(line.buckets ?? [])] });
  const it = CONTROLLER_METRICS;
  const [leading, queue, objects, unheard] = [gauge(it.leading), gauge(it.queue), gauge(it.objects), gauge(it.unheard)];
  const callsWaiting = gauge(it.callsWaiting);
  const reconcileSeconds = histogram(it.reconcileSeconds);
  const [cloudSeconds, questionSeconds] = [histogram(it.cloudSeconds), histogram(it.questionSeconds)];
  const [apiCalls, apiEvents] = [counter(it.apiCalls), counter(it.apiEvents)];
  gauge(it.build).set({ version, node_version: process.versions.node }, 1);
  const ownNumbers = processNumbers(counter(it.cpu), {
    memory: gauge(it.memory),
    descriptors: gauge(it.descriptors),
    started: gauge(it.started),
  });
  return {
    reconciled: (reconciler, outcome, seconds) => reconcileSeconds.observe({ reconciler, outcome }, seconds),
    apiCall: (verb, resource, outcome) => apiCalls.inc({ verb, resource, outcome }),
    apiEvent: (resource) => apiEvents.inc({ resource }),
    cloudCall: (action, outcome, seconds) => cloudSeconds.observe({ action, outcome }, seconds),
    asked: (wish, outcome, seconds) => questionSeconds.observe({ wish, outcome }, seconds),
    text: (sample) => {
      leading.set(sample.leading ? 1 : 0);
      for (const [reconciler, length] of Object.entries(sample.queues)) queue.set({ reconciler }, length);
      for (const [action, count] of Object.entries(sample.callsWaiting)) callsWaiting.set({ action }, count);
      for (const { resource, objects: count, heard } of sample.sources) {
        objects.set({ resource }, count);
        unheard.set({ resource }, heard ? 0 : 1);
      }
      ownNumbers();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
