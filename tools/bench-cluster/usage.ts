import { readFileSync } from 'node:fs';
import type { Worker } from '../cluster/cluster.ts';

/** What a process of Berth has used so far. */
export interface Usage {
  readonly rssMb: number;
  readonly cpuMs: number;
  readonly connections: Connections; // to the API server, those that stand
}

/** Bytes over TLS, with it, by the connection's own address and port. */
export type Connections = ReadonlyMap<string, Traffic>;

/** Bytes that a process heard and said. */
export interface Traffic {
  readonly heardBytes: number;
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
  return { rssMb, cpuMs: ticks * 10, connections: connectionsOf(sockets, pid) };
}

/** A process's connections in what `ss -tinHpO` prints. */
export function connectionsOf(sockets: string, pid: string): Connections {
  const own = sockets.split('\n').filter((line) => line.includes(`pid=${pid},`));
  return new Map(
    own.map((line) => {
      const bytes = (name: string) => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
      const [, , , address = ''] = line.split(/\s+/);
      return [address, { heardBytes: bytes('bytes_received'), saidBytes: bytes('bytes_sent') }];
    }),
  );
}

/** What went over the connections that stand after a while; of one that ended meanwhile nobody knows. */
export function trafficBetween(before: Connections, after: Connections): Traffic {
  const sum = (of: keyof Traffic) =>
    [...after].reduce((all, [address, traffic]) => all + traffic[of] - (before.get(address)?.[of] ?? 0), 0);
  return { heardBytes: sum('heardBytes'), saidBytes: sum('saidBytes') };
}
