import type { Clock } from '../../../base/clock.ts';
import type { HostPort } from '../../../base/host-port.ts';
import type { Logger } from '../../../base/log.ts';
import { type HttpRoutes, serveHttp } from '../../../io/system/http-server.ts';
import { writeAnswer } from '../../../wire/broker/answer.ts';
import { QUESTIONS_PATH } from '../../../wire/broker/question.ts';
import type { Answering, BrokerServer } from './broker-doors.ts';
import { notLeader } from './desk.ts';
import { newKeys } from './shown.ts';

/** A cluster's nodes ask one by one, and let go of the connection soon. */
const CONNECTIONS = 8_192;

/** Opens the port, with a key that is nowhere else. Throws SocketError. */
export async function serveBroker(
  { host, port }: HostPort,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<BrokerServer> {
  const first = newKeys(clock);
  const notYet = { type: 'application/json', body: writeAnswer(notLeader()) };
  let answering: Answering = () => Promise.resolve(notYet);
  const routes: HttpRoutes = { [`POST ${QUESTIONS_PATH}`]: (request) => answering(request) };
  const at = { host, port };
  const server = await serveHttp({ at, routes, log, keys: first.keys, connections: CONNECTIONS });
  return {
    at: { host, port: server.port },
    first,
    show: (keys) => server.show(keys),
    answerBy: (it) => (answering = it),
    close: () => server.close(),
  };
}
