import { expect, test } from 'vitest';
import { prefix } from '../../base/ip.ts';
import type { AgentConfig } from './agent-config.ts';
import { agentConfig } from './agent-file.ts';
import { liveConfig, needsRestart } from './changes.ts';
import { cloudDefaults } from './cloud-defaults.ts';
import { configSchema } from './schema.ts';

const started = agentConfig(configSchema.parse({ nodeName: 'a', network: { ranges: ['10.0.0.0/24'] } }));
const after: AgentConfig = {
  ...cloudDefaults(),
  nodeName: 'b',
  network: {
    ...started.network,
    mode: 'bridge',
    bridge: 'other0',
    ranges: [prefix('10.0.1.0/24')],
    masquerade: { ...started.network.masquerade, except: [prefix('192.0.2.0/24')] },
  },
  pool: { cooldownMs: 1, patienceMs: 2, waitingLimit: 3 },
  repair: { enabled: false, delayMs: 4, intervalMs: 5_000, installation: 'never' },
  paths: { socket: '/a', adminSocket: '/b', state: '/c', spool: '/d' },
  http: { listen: '127.0.0.1:1' },
  log: { level: 'debug', format: 'text', file: '/var/log/berth.log', fileBytes: 1024 * 1024 },
};

test('what waits for the next start is told by its key', () => {
  expect(needsRestart(started, started)).toEqual([]);
  expect(needsRestart(started, after)).toEqual(
    expect.arrayContaining(['nodeName', 'network.mode', 'network.bridge', 'pool.cooldown', 'paths.state']),
  );
});

test('nothing that waits for the next start is taken on before, and everything else is', () => {
  const live = liveConfig(started, after);
  expect(needsRestart(started, live)).toEqual([]);
  const { mode, bridge } = started.network;
  expect(live.network).toEqual({ ...after.network, mode, bridge });
  expect(live.pool.patienceMs).toBe(2);
  expect(live.repair).toEqual({ enabled: true, delayMs: 4, intervalMs: 5_000, installation: 'never' });
  expect(live.log.level).toBe('debug');
});
