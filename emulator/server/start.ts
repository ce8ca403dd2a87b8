import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Logger } from '../../src/base/log.ts';
import { seeded } from '../../src/base/random.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { listenOnFile, listenWith } from '../../src/io/system/socket-file.ts';
import { AT_ONCE, awsRules } from '../dialects/aws/rules.ts';
import type { Place } from '../dialects/aws/place.ts';
import { answerAdmin } from './admin.ts';
import { build } from './build.ts';
import { Emulator } from './emulator.ts';
import { httpServer } from './http.ts';
import { ended } from './listen.ts';
import { defaultTopology, readTopology } from './topology.ts';
import { World } from './world.ts';

/** The keys that everybody may use: an emulator has no secrets. */
export const ACCESS_KEY = { id: 'AKIABERTHEMULATOR000', secret: 'berth-emulator-secret' } as const;
export const ACCOUNT = '123456789012';

export interface StartOptions {
  readonly admin: string; //     path of the operator's socket
  readonly host: string;
  readonly port: number; //      of the API; 0: any
  readonly metadataPort: number;
  readonly region: string;
  readonly packets: boolean;
  readonly delays: boolean; //   false: nothing takes time, nothing is seen late
  readonly quota: boolean; //    false: nobody counts calls
  readonly type: string; //      of instances of the default topology
  readonly topology?: string; // a JSON file
  readonly state?: string; //    a file that is read at the start, if it is there, and written at the end
  readonly seed?: number; //     absent: another one every time
  readonly log: Logger;
}

/** An emulator that runs. */
export interface Running {
  readonly emulator: Emulator;
  readonly port: number;
  readonly metadataPort: number;
  close(): Promise<void>;
}

/** Starts everything that is asked for; the operator's socket last, so that it tells that the rest is there. */
export async function start(options: StartOptions): Promise<Running> {
  const { region, host, log, delays, quota, seed = randomBytes(4).readInt32LE(), state } = options;
  const topology =
    options.topology === undefined
      ? defaultTopology(region, options.type)
      : readTopology(JSON.parse(readFileSync(options.topology, 'utf8')));
  const { zones, quotas = {} } = topology;
  const manner = { ...(delays ? {} : { delays: AT_ONCE.delays }), ...(quota ? {} : { buckets: {} }), quotas };
  const rules = awsRules(manner);
  const world = new World({ rules, zones, clock: realClock, random: seeded(seed) });
  if (state !== undefined && existsSync(state)) world.load(readFileSync(state, 'utf8'));
  else build(world, topology);
  const place: Place = { region, account: ACCOUNT };
  const key = { ...ACCESS_KEY, account: ACCOUNT };
  const emulator = new Emulator({ world, place, keys: [key], seal: `${ACCESS_KEY.secret} ${region}`, log });
  const port = await emulator.serveApi(host, options.port);
  const metadataPort = await emulator.serveMetadata(host, options.metadataPort);
  if (options.packets) {
    await emulator.show();
    await emulator.settled();
  }
  const closeAdmin = await serveAdmin(emulator, options);
  return {
    emulator,
    port,
    metadataPort,
    close: async () => {
      if (state !== undefined) keep(state, world.save());
      await closeAdmin();
      await emulator.close();
    },
  };
}

/** An operator's body may be a whole state. */
const ADMIN_BODY = 1024 * 1024 * 1024;

async function serveAdmin(emulator: Emulator, { admin, log }: StartOptions): Promise<() => Promise<void>> {
  const server = httpServer({
    bodyLimit: ADMIN_BODY,
    failed: (err) => log.error('a request failed', { err }),
    answer: (request) => answerAdmin(emulator, request),
  });
  const removeFile = await listenOnFile(admin, (path) => listenWith(server, path, 64));
  return () => {
    removeFile();
    return ended(server);
  };
}

/** Whole or not at all. */
function keep(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
