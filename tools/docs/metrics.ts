import { METRICS, type MetricLine } from '../../src/io/system/metric-table.ts';
import { code, markdownTable } from './table.ts';

/** Every metric. */
export function metricsTable(): string {
  const rows = Object.values<MetricLine>(METRICS).map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ]);
  return markdownTable(['name', 'type', 'labels', 'meaning'], rows);
}
