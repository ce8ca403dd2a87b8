import { CONTROLLER_METRICS } from '../../src/io/system/controller-metric-table.ts';
import { METRICS, type MetricLine } from '../../src/io/system/metric-table.ts';
import { code, markdownTable } from './table.ts';

/** Every metric of the agent. */
export function metricsTable(): string {
  return tableOf(METRICS);
}

/** Every metric of the controller. */
export function controllerMetricsTable(): string {
  return tableOf(CONTROLLER_METRICS);
}

function tableOf(metrics: Readonly<Record<string, MetricLine>>): string {
  const rows = Object.values(metrics).map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ]);
  return markdownTable(['name', 'type', 'labels', 'meaning'], rows);
}
