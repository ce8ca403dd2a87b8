import type { Server } from 'node:http';
import type { Clock, Millis } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { seeded } from '../../src/base/random.ts';
import type { CallTold } from '../../src/core/calls/ledger.ts';
import type { AwsSettings } from '../../src/io/cloud/aws/settings.ts';
import { AwsFleet } from '../../src/io/cloud/aws/fleet.ts';
import { type AwsProvider, openAws } from '../../src/io/cloud/aws/provider.ts';
import type { CloudError, NicProvider } from '../../src/io/cloud/provider.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { realRandom } from '../../src/io/system/random.ts';
import type { Answer } from '../../emulator/cloud/answer.ts';
import type { Id, Nic } from '../../emulator/cloud/nouns.ts';
import type { Request } from '../../emulator/cloud/request.ts';
import type { Mishap, Trouble } from '../../emulator/cloud/trouble.ts';
import { nicsOf } from '../../emulator/cloud/cloud.ts';
import { AT_ONCE, awsRules, type Manner } from '../../emulator/dialects/aws/rules.ts';
import { build } from '../../emulator/server/build.ts';
import { Emulator } from '../../emulator/server/emulator.ts';
import { httpServer } from '../../emulator/server/http.ts';
import { ended, listenOn } from '../../emulator/server/listen.ts';
import type { Topology } from '../../emulator/server/topology.ts';
import { World } from '../../emulator/server/world.ts';

/** Who may call the API. */
export const KEY = { id: 'AKIABERTHTESTS000000', secret: 'a secret of tests', account: '123456789012' } as const;
const REGION = 'eu-west-1';
const SETTINGS: AwsSettings = {
  metadata: 'http://127.0.0.1:1',
  timeoutMs: 5_000,
  cluster: '',
  discoverSubnets: true,
  zones: {},
  groups: [],
  tags: {},
  manageUntagged: true,
};

export interface RegionOptions {
  readonly topology: Topology;
  readonly manner?: Manner; //     absent: at once
  readonly packets?: boolean;
  readonly aheadMs?: Millis; //    how far the cloud's clock is ahead of this machine's
}

/**
 * An emulated region of AWS in this process, with its API and the metadata of its instances on ports of 127.0.0.1: what
 * is tested on it is the provider, with the SDK, over HTTP. Close it.
 */
export class AwsRegion {
  readonly emulator: Emulator;
  readonly world: World;
  readonly calls: CallTold[] = [];
  #port = 0;
  readonly #servers: Server[] = [];
  readonly #providers: AwsProvider[] = [];
  #fleet: AwsFleet | undefined;
  /** What the fleet is told before each call. */
  barred: CloudError | undefined;

  private constructor(emulator: Emulator) {
    [this.emulator, this.world] = [emulator, emulator.world];
  }

  static async open({ topology, manner = AT_ONCE, packets = false, aheadMs = 0 }: RegionOptions): Promise<AwsRegion> {
    const clock: Clock = { ...realClock, now: () => Date.now() + aheadMs };
    const world = new World({ rules: awsRules(manner), zones: topology.zones, clock, random: seeded(5) });
    build(world, topology);
    const place = { region: REGION, account: KEY.account };
    const region = new AwsRegion(new Emulator({ world, place, keys: [KEY], seal: 'tests', log: silent }));
    region.#port = await region.emulator.serveApi('127.0.0.1', 0);
    if (packets) {
      await region.emulator.show();
      await region.emulator.settled();
    }
    return region;
  }

  /** The provider of an instance as the controller has it: from elsewhere. */
  async fleetProvider(name: string): Promise<NicProvider> {
    this.#fleet ??= this.fleet();
    return this.#fleet.instance(this.instance(name));
  }

  /** All instances as a controller sees them. Close it. */
  fleet(
    settings: Partial<AwsSettings> = {},
    clock: Clock = realClock,
    mayCall: () => CloudError | undefined = () => this.barred,
  ): AwsFleet {
    return new AwsFleet({
      region: REGION,
      settings: { ...SETTINGS, endpoint: `http://127.0.0.1:${this.#port}`, ...settings },
      clock,
      random: realRandom,
      onCall: (told) => this.calls.push(told),
      mayCall,
    });
  }

  /** The provider of an instance, by its name. Its keys are those of the environment, unless there is a role. */
  async provider(name: string, settings: Partial<AwsSettings> = {}, clock: Clock = realClock): Promise<AwsProvider> {
    const made = await openAws({
      settings: {
        region: REGION,
        endpoint: `http://127.0.0.1:${this.#port}`,
        ...SETTINGS,
        metadata: await this.metadataOf(name),
        ...settings,
      },
      clock,
      random: realRandom,
      onCall: (told) => this.calls.push(told),
    });
    this.#providers.push(made);
    return made;
  }

  /** Where the metadata of an instance answer. */
  async metadataOf(name: string): Promise<string> {
    const server = httpServer({
      bodyLimit: 64 * 1024,
      failed: (err) => {
        throw err;
      },
      answer: (request) => this.emulator.metadata(this.instance(name), request),
    });
    const port = await listenOn(server, '127.0.0.1', 0);
    this.#servers.push(server);
    return `http://127.0.0.1:${port}`;
  }

  instance(name: string): Id {
    const found = this.emulator.instanceCalled(name);
    if (found === undefined) throw new RangeError(`no instance is called ${name}`);
    return found;
  }

  /** The NICs of an instance as they are. */
  nics(name: string): readonly Nic[] {
    return nicsOf(this.world.cloud, this.instance(name));
  }

  /** The subnet of a name. */
  subnet(name: string): Id {
    for (const { id, tags } of this.world.cloud.subnets.values()) if (tags['Name'] === name) return id;
    throw new RangeError(`no subnet is called ${name}`);
  }

  /** Asks as an operator would, whose calls nothing strikes. Throws what is refused. */
  ask(request: Request): Answer {
    const call = { action: request.do, group: 'operator', account: 'operator', outside: true, request };
    const { reply } = this.world.step(call);
    if ('answer' in reply) return reply.answer;
    throw new Error(`${request.do}: ${JSON.stringify(reply.fault)}`);
  }

  /** What goes wrong until `calm`, or so many times. */
  trouble(what: Mishap, more: Partial<Trouble> = {}): void {
    this.world.trouble({ name: what.kind, what, scope: {}, ...more });
  }

  /** Ends a trouble, by its name; where none was given, by its kind. */
  calm(name: string): void {
    this.world.calm(name);
  }

  /** How often an action was asked for, by all. */
  count(action: string): number {
    return this.calls.filter((it) => it.action === action).length;
  }

  async close(): Promise<void> {
    await Promise.all(this.#providers.map((it) => it.close()));
    this.#fleet?.close();
    await this.emulator.close();
    await Promise.all(this.#servers.map(ended));
  }
}

/** The environment in which the SDK finds these keys, and no machine's own files or metadata. */
export const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: KEY.id,
  AWS_SECRET_ACCESS_KEY: KEY.secret,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
} as const;

/** The id of what was made. */
export function idMade(answer: ReturnType<AwsRegion['ask']>): Id {
  if (answer.is !== 'made') throw new Error('nothing was made');
  const { view } = answer;
  const noun = (view as unknown as Readonly<Record<string, { id: Id } | undefined>>)[view.kind];
  if (noun === undefined) throw new Error(`no id of a ${view.kind}`);
  return noun.id;
}
