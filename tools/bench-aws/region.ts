import type { Clock, Millis } from '../../src/base/clock.ts';
import { seeded } from '../../src/base/random.ts';
import type { AwsNetwork } from '../../src/io/cloud/aws/provider.ts';
import { SimClock, SimTime } from '../../sim/time.ts';
import { metadataOf } from '../../emulator/cloud/metadata.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { answerQuery, type Door } from '../../emulator/dialects/aws/endpoint.ts';
import { answerMetadata } from '../../emulator/dialects/aws/imds/service.ts';
import { Keyring } from '../../emulator/dialects/aws/keyring.ts';
import { awsRules } from '../../emulator/dialects/aws/rules.ts';
import { build } from '../../emulator/server/build.ts';
import { ACCESS_KEY, ACCOUNT } from '../../emulator/server/start.ts';
import { requestId, World } from '../../emulator/server/world.ts';
import { slowly } from './latency.ts';

/** An instance to be there at the start. Who has the same account shares its quota. */
export interface Contender {
  readonly name: string;
  readonly type: string;
  readonly account: string;
}

/** One call of EC2, as the emulator saw it. */
export interface SeenCall {
  readonly at: Millis;
  readonly account: string;
  readonly instance: Id;
  readonly action: string;
  readonly code: string | undefined; // of an error
}

/** What EC2 is asked by the SDK, as far as it matters here. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const REGION = 'eu-west-1';
const ZONES = [`${REGION}a`, `${REGION}b`];
const PLACE = { region: REGION, account: ACCOUNT };
const SEAL = 'bench';
const START_MS = 1_800_000_000_000;

/**
 * The emulator on simulated time: its cloud, its API and its metadata as they are, reached without a network. Time
 * passes only when nobody has anything left to do.
 */
export class Region {
  readonly #clock = new SimClock(new SimTime(START_MS));
  readonly #keyring = new Keyring([{ ...ACCESS_KEY, account: ACCOUNT }], SEAL);
  readonly calls: SeenCall[] = [];
  readonly world: World;
  /** Requests of this moment. The SDK takes real time to send them: nobody may see in what order they came. */
  #arrived: { readonly key: string; readonly go: () => void }[] = [];

  /** One subnet of 32,763 addresses, in which the instances run. */
  constructor(contenders: readonly Contender[], seed: number) {
    this.world = new World({ rules: awsRules(), zones: ZONES, clock: this.#clock, random: seeded(seed) });
    const subnets = [{ name: 'nodes', zone: `${REGION}a`, range: '10.0.0.0/17', public: false }];
    const instances = contenders.map(({ name, type }) => ({ name, type, subnet: 'nodes' }));
    build(this.world, { zones: ZONES, vpcs: [{ name: 'bench', range: '10.0.0.0/16', subnets, instances }] });
    for (const it of slowly()) this.world.trouble(it);
  }

  get clock(): Clock {
    return this.#clock;
  }

  /** The instance of that name. */
  instance(name: string): Id {
    for (const { id, tags } of this.world.cloud.instances.values()) if (tags['Name'] === name) return id;
    throw new RangeError(`there is no instance ${name}`);
  }

  /** EC2 and metadata, as this instance reaches them. */
  networkOf(instance: Id, account: string): AwsNetwork {
    return {
      // the SDK's own search for them reads files, in real time
      keys: { accessKeyId: ACCESS_KEY.id, secretAccessKey: ACCESS_KEY.secret },
      ec2: { handle: (request: SdkRequest) => this.#answer(request, instance, account), destroy: () => {} },
      metadata: (method, path, headers) => {
        const now = this.world.now();
        const metadata = (id: Id) => metadataOf(this.world.cloud, id, now);
        const service = { place: PLACE, keyring: this.#keyring, now, metadata, seal: SEAL };
        const { status, body } = answerMetadata(instance, { method, path, headers }, service);
        return Promise.resolve({ status, text: body });
      },
    };
  }

  /** How many addresses besides the primary ones are on an instance's NICs, those in prefixes included. */
  held(instance: Id): number {
    let count = 0;
    for (const { attachment, addresses, prefixes } of this.world.cloud.nics.values())
      if (attachment?.instance === instance) count += addresses.length - 1 + 16 * prefixes.length;
    return count;
  }

  /** Lets time pass until the work is done. Throws when it takes longer. */
  async until<T>(work: Promise<T>, withinMs: Millis): Promise<T> {
    const end = this.#clock.now() + withinMs;
    let done = false;
    const mark = () => {
      done = true;
    };
    work.then(mark, mark);
    for (;;) {
      await atRest();
      if (done) return work;
      if (this.#takeArrived()) continue;
      if (!this.#clock.fireNext(end)) throw new Error(`not done within ${withinMs} ms of simulated time`);
    }
  }

  /** Lets so much time pass. */
  async pass(ms: Millis): Promise<void> {
    await this.until(new Promise<void>((resolve) => void this.#clock.timer(ms, resolve)), ms);
  }

  /** Lets those in that have come, in an order of their own. Whether there were any. */
  #takeArrived(): boolean {
    const arrived = this.#arrived.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    this.#arrived = [];
    for (const { go } of arrived) go();
    return arrived.length > 0;
  }

  async #answer(request: SdkRequest, instance: Id, account: string) {
    const { method, path, headers, body = '' } = request;
    const key = `${account} ${instance} ${Buffer.from(body).toString()}`;
    await new Promise<void>((go) => this.#arrived.push({ key, go }));
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const signed = { method, path, query: '', headers: lower, body: Buffer.from(body).toString() };
    const said = answerQuery(signed, this.#door(account));
    const { status, delivery, action = '', code } = said;
    this.calls.push({ at: this.#clock.now(), account, instance, action, code });
    if (delivery.how === 'late') await new Promise<void>((done) => void this.#clock.timer(delivery.byMs, done));
    if (delivery.how === 'cut') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    return { response: { statusCode: status, headers: { ...said.headers }, body: Buffer.from(said.body) } };
  }

  /** The SDK signs by the machine's clock, so its signatures are judged by that. */
  #door(account: string): Door {
    const { world } = this;
    return {
      place: PLACE,
      keyring: this.#keyring,
      now: () => Date.now(),
      cloud: () => world.cloud,
      step: (call) => world.step({ ...call, account }),
      requestId,
    };
  }
}

/** When nothing is left to run but what waits for time. The SDK reads its files: to close one is a request as well. */
async function atRest(): Promise<void> {
  for (let quiet = 0; quiet < ROUNDS; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (process.getActiveResourcesInfo().some((it) => it.includes('Req'))) quiet = 0;
  }
}

const ROUNDS = 3;
