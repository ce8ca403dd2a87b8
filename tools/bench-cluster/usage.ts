import { readFileSync } from 'node:fs';
import type { Worker } from '../cluster/cluster.ts';

/** What a process of Berth has used so far. */
export interface Usage {
  readonly rssMb: number;
  readonly cpuMs: number;
  readonly heardBytes: number; // from the API server, over connections that stand, with TLS
  readonly saidBytes: number;
}

/** Command lines: of the sources as a process, or of the image. */
export const AGENT = String.raw`berth\.(ts|mjs) agent( --config /etc/berth/config.yaml)?$`;
export const CONTROLLER = String.raw`berth\.mjs controller( --config \S+)?$`;

/** What the process of a node with this command line uses. */
export function usageOf({ node }: Worker, commandLine: string): Usage {
  const pid = node.run('pgrep', '--oldest', '--full', commandLine).trim();
  const of = (file: string) => readFileSync(node.outside(`/proc/${pid}/${file}`), 'utf8');
  const fields = of('stat').split(') ')[1]?.split(' ') ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]); // utime and stime, in 1/100 s
  const rssMb = Number(/VmRSS:\s+(\d+)/.exec(of('status'))?.[1] ?? 0) / 1024;
  const sockets = node.run('ss', '-tinHpO', 'dport', '=', ':6443');
  return { rssMb, cpuMs: ticks * 10, ...bytesOf(sockets, pid) };
}

/** Bytes of a process's connections in what `ss -tinHpO` prints. */
export function bytesOf(sockets: string, pid: string): Pick<Usage, 'heardBytes' | 'saidBytes'> {
  const own = sockets.split('\n').filter((line) => line.includes(`pid=${pid},`));
  const sum = (name: string) =>
    own.reduce((all, line) => all + Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0), 0);
  return { heardBytes: sum('bytes_received'), saidBytes: sum('bytes_sent') };
}
