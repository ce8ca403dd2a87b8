import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import type { Clock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { seeded } from '../../src/base/random.ts';
import { AT_ONCE, awsRules, type Manner } from '../../emulator/dialects/aws/rules.ts';
import { build } from '../../emulator/server/build.ts';
import { Emulator } from '../../emulator/server/emulator.ts';
import { ACCESS_KEY, ACCOUNT } from '../../emulator/server/start.ts';
import { defaultTopology, type Topology } from '../../emulator/server/topology.ts';
import { World } from '../../emulator/server/world.ts';

const REGION = 'us-east-1';

/** A clock that stands still until it is told. Its timers never fire: who looks is told what is due. */
export const still: Clock = { now: () => START, steady: () => START, timer: () => () => {} };
const START = Date.now(); // clients sign with the machine's own time

export interface Ec2 {
  readonly emulator: Emulator;
  readonly client: EC2Client;
  readonly endpoint: string;
  readonly metadata: string; // of the tools' port
  /** Somebody else's client. */
  with(more: EC2ClientConfig): EC2Client;
  close(): Promise<void>;
}

/** An emulator in this process, without packets, and a client of it that never tries again. */
export async function openEc2(manner: Manner = AT_ONCE, topology: Topology = defaultTopology(REGION)): Promise<Ec2> {
  const world = new World({ rules: awsRules(manner), zones: topology.zones, clock: still, random: seeded(1) });
  build(world, topology);
  const place = { region: REGION, account: ACCOUNT };
  const keys = [{ ...ACCESS_KEY, account: ACCOUNT }];
  const emulator = new Emulator({ world, place, keys, seal: 'seal', log: silent });
  const endpoint = `http://127.0.0.1:${await emulator.serveApi('127.0.0.1', 0)}`;
  const metadata = `http://127.0.0.1:${await emulator.serveMetadata('127.0.0.1', 0)}`;
  const credentials = { accessKeyId: ACCESS_KEY.id, secretAccessKey: ACCESS_KEY.secret };
  const clients: EC2Client[] = [];
  const make = (more: EC2ClientConfig) => {
    const client = new EC2Client({ region: REGION, endpoint, credentials, maxAttempts: 1, ...more });
    clients.push(client);
    return client;
  };
  return {
    emulator,
    client: make({}),
    endpoint,
    metadata,
    with: make,
    close: async () => {
      for (const client of clients) client.destroy();
      await emulator.close();
    },
  };
}

/** How a call was refused. `status` 0: it was not answered. */
export interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly text: string;
}

/** How something was refused; undefined when it was not. */
export async function refusal(work: Promise<unknown>): Promise<Refusal | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { code: name, status: $metadata?.httpStatusCode ?? 0, text: message };
  }
}
