import { hostPort } from '../../base/host-port.ts';
import type { CallTold } from '../../core/calls/ledger.ts';
import { loadControllerConfig } from '../../io/config/controller-config.ts';
import { openClient } from '../../io/kube/open-client.ts';
import { realClock } from '../../io/system/clock.ts';
import { createControllerMetrics } from '../../io/system/controller-metrics.ts';
import { serveHttp } from '../../io/system/http-server.ts';
import { createLogger } from '../../io/system/logger.ts';
import { realRandom } from '../../io/system/random.ts';
import { startController } from './controller.ts';
import { openCloud } from './open-cloud.ts';
import { controllerRoutes } from './routes.ts';

export interface ControllerOptions {
  readonly configPath: string;
  readonly version: string;
}

/**
 * Runs one replica of the controller until SIGTERM or SIGINT. Throws what keeps it from starting: ConfigError,
 * KubeError, SocketError.
 */
export async function runController({ configPath, version }: ControllerOptions): Promise<void> {
  const config = loadControllerConfig(configPath);
  const { level, format, file: path, fileBytes: mostBytes } = config.log;
  const file = path === undefined ? undefined : { path, mostBytes };
  const log = createLogger({ level, format, file, fields: { replica: config.replica } });
  const metrics = createControllerMetrics(version);
  const client = openClient(config.kubernetes, { clock: realClock, meter: metrics });
  const onCall = ({ action, outcome, ms }: CallTold) => metrics.cloudCall(action, outcome, ms / 1_000);
  const cloud = await openCloud(config, { log, onCall });
  const doors = { client, clock: realClock, random: realRandom, log, meter: metrics, config, ...cloud };
  const controller = startController(doors);
  const { listen } = config.http;
  const routes = controllerRoutes(controller, metrics);
  const server = listen === undefined ? undefined : await serveHttp({ at: hostPort(listen), routes, log });
  log.info('started', { version });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  log.info('stopping', {});
  await server?.close();
  await controller.stop();
  client.close();
  log.info('stopped', {});
}
