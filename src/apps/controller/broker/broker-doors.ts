import type { HostPort } from '../../../base/host-port.ts';
import type { HttpAnswer, HttpRequest } from '../../../io/system/http-server.ts';
import type { ServerKeys } from '../../../io/system/own-certificate.ts';
import type { Shown } from './shown.ts';

/** What the broker counts. */
export interface BrokerMeter {
  /** A question has been answered: what was wished for, and "done", "pending", why it was refused, or how it failed. */
  asked(wish: string, outcome: string, seconds: number): void;
}

/** A question as it came, and its answer. */
export type Answering = (request: Pick<HttpRequest, 'body' | 'authorization'>) => Promise<HttpAnswer>;

/** Where agents ask. */
export interface BrokerServer {
  readonly at: HostPort;
  readonly first: Shown;
  show(keys: ServerKeys): void;
  /** From now on; before, every question is told that this replica does not lead. */
  answerBy(answering: Answering): void;
  /** Waits for the answers that are under way. */
  close(): Promise<void>;
}

/** What the broker touches the world through. */
export interface BrokerDoors {
  readonly server: BrokerServer;
  readonly meter: BrokerMeter;
}
