import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { agentCommand } from '../../tools/agent-command.ts';
import { admin } from '../../tools/demo/agent.ts';
import { endProgram, type TestNode, until } from './node.ts';

/** Where a node of the test cluster stands. */
export interface Place {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly ranges: readonly string[];
}

/** A running agent: ended and started again under the same state. */
export interface Agent {
  readonly start: () => Promise<void>;
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
}

const READY_MS = 20_000;

/** What an operator would write for this node: its own ranges, the cluster's, and the other nodes. */
export function agentConfig(node: TestNode, place: Place, places: readonly Place[]): object {
  return {
    nodeName: place.name,
    network: {
      ranges: place.ranges,
      cluster: ['10.78.0.0/16', 'fd78::/16'],
      peers: places
        .filter((other) => other !== place)
        .map(({ name, addresses, ranges }) => ({ name, addresses, ranges })),
      uplink: 'eth0',
    },
    pool: { cooldown: '1s' },
    paths: {
      socket: '/run/berth/agent.sock',
      adminSocket: '/run/berth/admin.sock',
      state: join(node.folder, 'state'),
      spool: join(node.folder, 'spool'),
    },
    http: { listen: '127.0.0.1:9464' },
  };
}

/** The agent of a node, not started yet. */
export function agentOf(node: TestNode, config: string): Agent {
  let child: ChildProcess | undefined;
  const socket = { adminSocket: node.outside('/run/berth/admin.sock') };
  const ready = () =>
    admin(socket, '/readyz').then(
      () => true,
      () => false,
    );
  return {
    start: async () => {
      const { program, args, env } = agentCommand(config);
      child = node.start('agent.log', env, program, ...args);
      await until(READY_MS, `the agent of ${node.name} is ready`, ready).catch((cause: unknown) => {
        throw new Error(`the agent's log ends so:\n${node.log('agent.log').slice(-2_000)}`, { cause });
      });
    },
    kill: (signal) => endProgram(child, signal),
  };
}
