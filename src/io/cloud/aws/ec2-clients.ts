import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import type { Millis } from '../../../base/clock.ts';

/** Where EC2 is, and how we are known there. */
export interface Ec2Place {
  readonly region: string;
  readonly endpoint?: string; //      absent: EC2's own
  readonly requests?: Ec2Requests; // absent: over the network
  readonly keys?: Ec2Keys; //         absent: what the SDK finds
  readonly client?: Ec2Client; //     absent: the SDK's own
  readonly timeoutMs: Millis;
}

/** What carries a signed request to EC2, and its answer back. */
export type Ec2Requests = NonNullable<EC2ClientConfig['requestHandler']>;

/** What requests are signed with. */
export type Ec2Keys = NonNullable<EC2ClientConfig['credentials']>;

/** Who carries commands out: signed and over the network, or by itself. Its errors have EC2's codes for names. */
export type Ec2Client = Pick<EC2Client, 'send' | 'destroy'>;

/**
 * The client of now. The SDK keeps credentials until they end by this machine's clock: another one asks for them anew.
 */
export class Ec2Clients {
  readonly #place: Ec2Place;
  #client: Ec2Client;

  constructor(place: Ec2Place) {
    this.#place = place;
    this.#client = clientOf(place);
  }

  get client(): Ec2Client {
    return this.#client;
  }

  /** Another one in place of `old`, once, however many ask for it. Calls under way end with the old one. */
  renew(old: Ec2Client): void {
    if (old !== this.#client) return;
    this.#client = clientOf(this.#place, old instanceof EC2Client ? old.config.systemClockOffset : 0);
  }

  close(): void {
    this.#client.destroy();
  }
}

/** No setting of the client: its chain of credentials hands it on to who reads files, who else reads each file once. */
const FILES_ANEW = { ignoreCache: true };

function clientOf(options: Ec2Place, systemClockOffset = 0): Ec2Client {
  const { region, endpoint, requests, keys, client, timeoutMs } = options;
  if (client !== undefined) return client;
  return new EC2Client({
    region,
    systemClockOffset,
    ...FILES_ANEW,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(keys === undefined ? {} : { credentials: keys }),
    maxAttempts: 1, // ours know who is waiting
    requestHandler: requests ?? {
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true, // else the SDK warns, and waits for ever
      socketTimeout: timeoutMs,
      connectionTimeout: Math.min(timeoutMs, 3_000),
    },
  });
}
