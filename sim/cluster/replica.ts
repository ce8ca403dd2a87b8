import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { type Controller, startController } from '../../src/apps/controller/controller.ts';
import type { ControllerDoors } from '../../src/apps/controller/doors.ts';
import { AwsFleet } from '../../src/io/cloud/aws/fleet.ts';
import { awsSettings } from '../../src/io/cloud/aws/aws-settings.ts';
import { SharedBudgets } from '../../src/io/cloud/shared-budget.ts';
import { parseControllerConfig } from '../../src/io/config/controller-config.ts';
import type { Actor } from '../cloud/cluster.ts';
import { CLUSTER, REGION } from '../cloud/cloud-setting.ts';
import { type CloudDoor, ec2Client } from '../cloud/ec2-client.ts';
import type { Region } from '../cloud/region.ts';
import type { Law } from '../checkers.ts';
import { words } from '../life.ts';
import { BEGINNING } from '../machine.ts';
import type { SimTime } from '../time.ts';
import { apiClient, type ProcessDoor } from './api-client.ts';
import type { BrokerNet } from './broker-net.ts';
import type { ClusterPlant } from './cluster-plant.ts';
import { ReplicaClock } from './replica-clock.ts';
import type { SimApi } from './sim-api.ts';

/** What a replica of the controller lives among. */
export interface ReplicaWorld {
  readonly api: SimApi;
  readonly net: BrokerNet;
  readonly region: Region;
  readonly time: SimTime;
  readonly random: Random;
  readonly plant: ClusterPlant;
  /** Called at each place where the process can be stopped. True: it ends there. */
  readonly ends: (what: string) => boolean;
  /** Told before a call of the cloud is sent. */
  readonly onSend: CloudDoor['onSend'];
  readonly tell: (line: () => string) => void;
  readonly blame: (law: Law, detail: string) => void;
}

const CONFIG = parseControllerConfig(
  `{provider: aws, replica: any, broker: {address: 10.99.0.1}, aws: {region: ${REGION}, cluster: ${CLUSTER}}}`,
);

/** One replica of the real controller: its processes come and go, with nothing that outlives them. */
export class SimReplica implements Actor {
  readonly name: string;
  readonly #host: string;
  readonly #world: ReplicaWorld;
  clock: ReplicaClock;
  controller: Controller | undefined;
  #process = { ended: true };
  /** What is next of itself: it starts, or goes on. */
  #due: { readonly at: Millis; readonly act: () => void } | undefined;

  constructor(world: ReplicaWorld, n: number) {
    this.#world = world;
    this.name = `controller-${n}`;
    this.#host = `10.99.0.${n}`;
    this.clock = new ReplicaClock(world.time);
  }

  get up(): boolean {
    return !this.#process.ended;
  }

  get leads(): boolean {
    return this.up && this.controller?.leads === true;
  }

  get next(): Millis | undefined {
    const own = this.up ? this.clock.next : undefined;
    const due = this.#due === undefined ? undefined : Math.max(this.#due.at, this.#world.time.now);
    return due === undefined || (own !== undefined && own < due) ? own : due;
  }

  fireNext(until: Millis): boolean {
    const { next } = this;
    if (next === undefined || next > until) return false;
    if (this.#due !== undefined && Math.max(this.#due.at, this.#world.time.now) === next) {
      const { act } = this.#due;
      this.#due = undefined;
      this.#world.time.moveTo(next);
      act();
      return true;
    }
    return this.clock.fireNext(until);
  }

  /** A new process after a while, as the cluster starts one. */
  startIn(ms: Millis): void {
    this.#due = { at: this.#world.time.now + ms, act: () => this.#start() };
  }

  /** kill -9. */
  end(): void {
    if (this.#process.ended) return;
    this.#say('ends');
    this.#process.ended = true;
    this.controller = undefined;
    this.#due = undefined;
    this.#world.net.close(this.#host);
  }

  /** Its machine stands still for a while. */
  freeze(ms: Millis): void {
    if (!this.up || this.clock.frozen) return;
    this.#say(`stands still for ${(ms / 1_000).toFixed(1)} s`);
    this.clock.freeze();
    this.#due = { at: this.#world.time.now + ms, act: () => this.thaw() };
  }

  thaw(): void {
    if (this.clock.frozen) this.#say('goes on');
    this.clock.thaw();
  }

  #start(): void {
    if (this.up) return;
    this.#say('starts');
    this.clock = new ReplicaClock(this.#world.time);
    const process = { ended: false };
    this.#process = process;
    const doors = this.#doors(process);
    this.controller = startController(this.#world.plant.controller?.(doors) ?? doors);
  }

  #doors(process: { ended: boolean }): ControllerDoors {
    const { api, net, random, plant } = this.#world;
    const { clock } = this;
    const door: ProcessDoor = {
      name: this.name,
      clock,
      pause: (what) => this.#pause(process, what),
      awake: (then) => clock.awake(() => process.ended || then()),
    };
    const config = { ...CONFIG, replica: this.name };
    const client = apiClient(api, door);
    return {
      client: plant.client?.(client, door) ?? client,
      ...{ clock, random, config, log: this.#logger(process) },
      meter: { reconciled: () => {} },
      openCloud: (mayCall) => this.#fleet(process, mayCall),
      broker: { server: net.listen(this.#host, door), meter: { asked: () => {} } },
    };
  }

  #fleet(process: { ended: boolean }, mayCall: ConstructorParameters<typeof AwsFleet>[0]['mayCall']): AwsFleet {
    const { region, random } = this.#world;
    const { clock } = this;
    const settings = awsSettings(CONFIG.aws);
    const door: CloudDoor = {
      ...{ region, instance: undefined, clock, timeoutMs: settings.timeoutMs },
      pause: (what) => this.#pause(process, what),
      awake: (then) => clock.awake(then),
      onSend: (action, input) => this.#world.onSend(action, input),
      tell: (line) => this.#tell(line),
    };
    const budgets = new SharedBudgets(CONFIG.calls, clock);
    const budgetOf = (node: string, action: string) => budgets.of(node, action);
    const client = ec2Client(door);
    return new AwsFleet({ region: REGION, settings, clock, random, client, onCall: () => {}, mayCall, budgetOf });
  }

  #pause(process: { ended: boolean }, what: string): Promise<void> | undefined {
    if (!process.ended && this.#world.ends(what)) this.end();
    return process.ended ? new Promise<never>(() => {}) : undefined;
  }

  #logger(process: { ended: boolean }): ControllerDoors['log'] {
    const line =
      (level: string) =>
      (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
        if (process.ended) return;
        this.#say(`${level} ${event} ${words(fields)}`);
        if (level === 'error') this.#world.blame('defect', `${this.name}: ${event} ${words(fields)}`);
      };
    return { error: line('error'), warn: line('warn'), info: line('info'), debug: () => {} };
  }

  #say(what: string): void {
    this.#tell(() => `leader ${what}`);
  }

  #tell(line: () => string): void {
    const { time, tell } = this.#world;
    tell(() => `${this.name} ${((time.now - BEGINNING) / 1_000).toFixed(3).padStart(8)} s  ${line()}`);
  }
}
