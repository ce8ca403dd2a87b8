import { readdirSync } from 'node:fs';
import type { Counter, Gauge, Registry } from 'prom-client';
import type { MetricLine } from './metric-table.ts';

/** A metric of a registry, by its line of the table. */
export function named(line: MetricLine, registry: Registry) {
  return { name: line.name, help: line.help, labelNames: [...line.labels], registers: [registry] };
}

/**
 * prom-client's own process metrics keep a histogram of the garbage collector besides; these four are what alerts use.
 */
export function processNumbers(
  cpu: Counter,
  gauges: Readonly<Record<'memory' | 'descriptors' | 'started', Gauge>>,
): () => void {
  let counted = 0;
  gauges.started.set(Math.floor((Date.now() - process.uptime() * 1_000) / 1_000));
  return () => {
    const { user, system } = process.cpuUsage(); // microseconds
    const seconds = (user + system) / 1e6;
    cpu.inc(Math.max(0, seconds - counted));
    counted = seconds;
    gauges.memory.set(process.memoryUsage.rss());
    gauges.descriptors.set(readdirSync('/proc/self/fd').length - 1); // less the one that reads
  };
}
