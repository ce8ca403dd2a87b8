import { hostPort } from '../../base/host-port.ts';
import type { CallTold } from '../../core/calls/ledger.ts';
import type { Logger } from '../../base/log.ts';
import { type ControllerConfig, loadControllerConfig } from '../../io/config/controller-config.ts';
import { openClient } from '../../io/kube/open-client.ts';
import { realClock } from '../../io/system/clock.ts';
import { createControllerMetrics } from '../../io/system/controller-metrics.ts';
import { serveHttp } from '../../io/system/http-server.ts';
import { createLogger } from '../../io/system/logger.ts';
import { realRandom } from '../../io/system/random.ts';
import { keepLean } from '../../io/system/resident.ts';
import type { BrokerMeter } from './broker/broker-doors.ts';
import { startController } from './controller.ts';
import type { ControllerDoors } from './doors.ts';
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
  const broker = await openPort(config, { log, meter: metrics });
  const doors = { client, clock: realClock, random: realRandom, log, meter: metrics, config, ...cloud.door, ...broker };
  const controller = startController(doors);
  const { listen } = config.http;
  const routes = controllerRoutes(controller, { metrics, callsWaiting: cloud.waiting });
  const server = listen === undefined ? undefined : await serveHttp({ at: hostPort(listen), routes, log });
  const stopKeepingLean = keepLean(realClock);
  log.info('started', { version });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  log.info('stopping', {});
  stopKeepingLean();
  // agents that wait for an answer hold this up
  const closed = [server, broker.broker?.server].map((it) => it?.close() ?? Promise.resolve());
  await controller.stop();
  await Promise.all(closed);
  cloud.close();
  client.close();
  log.info('stopped', {});
}

/** The port for agents that have the cloud asked, where there is a cloud and an address for it. */
async function openPort(
  { provider, broker: { address, port } }: ControllerConfig,
  { log, meter }: { readonly log: Logger; readonly meter: BrokerMeter },
): Promise<Pick<ControllerDoors, 'broker'>> {
  if (provider === 'podcidr' || address === undefined) return {};
  const { serveBroker } = await import('./broker/serve-broker.ts');
  return { broker: { server: await serveBroker({ host: address, port }, { clock: realClock, log }), meter } };
}
