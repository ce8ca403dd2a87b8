import { silent } from '../../../base/log.ts';
import { seeded } from '../../../base/random.ts';
import { parseControllerConfig } from '../../../io/config/controller-config.ts';
import { ApiStore } from '../../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../../io/kube/testing/fake-client.ts';
import { HandClock } from '../../node-agent/testing/hand-clock.ts';
import { type Controller, startController } from '../controller.ts';
import type { ControllerDoors } from '../doors.ts';

/** One replica with the client that is its own. */
export interface Replica {
  readonly name: string;
  readonly client: FakeKubeClient;
  readonly controller: Controller;
}

/** Replicas of the controller on one API server in memory, and a clock that a test moves. Close it. */
export class Replicas {
  readonly clock = new HandClock();
  readonly store = new ApiStore();
  readonly all: Replica[] = [];
  readonly reconciled: (readonly [reconciler: string, outcome: string])[] = [];

  /** One more replica. `more`: doors in place of its own. */
  async start(name: string, config = '', more: Partial<ControllerDoors> = {}): Promise<Replica> {
    const { clock, store } = this;
    const client = new FakeKubeClient(store, clock);
    const doors: ControllerDoors = {
      ...{ client, clock, random: seeded(name.length), log: silent },
      meter: { reconciled: (...of) => void this.reconciled.push([of[0], of[1]]) },
      config: parseControllerConfig(config, { environment: { BERTH_REPLICA: name } }),
      ...more,
    };
    const replica = { name, client, controller: startController(doors) };
    this.all.push(replica);
    await this.pass(100);
    return replica;
  }

  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  /** Who leads now, by name. */
  get leading(): readonly string[] {
    return this.all.filter(({ controller }) => controller.leads).map(({ name }) => name);
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ controller }) => controller.stop()));
  }
}
