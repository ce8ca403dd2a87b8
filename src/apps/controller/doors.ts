import type { BrokerDoors } from './broker/broker-doors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { ClusterCloud } from '../../io/cloud/cluster-cloud.ts';
import type { CloudError } from '../../io/cloud/provider.ts';
import type { ControllerConfig } from '../../io/config/controller-config.ts';
import type { KubeClient } from '../../io/kube/client.ts';

/** What the controller counts. Names and units: docs/metrics.md. */
export interface ControllerMeter {
  /** One reconcile has ended: "ok", or the kind of what it threw. */
  reconciled(reconciler: string, outcome: string, seconds: number): void;
}

/** Everything the controller touches the world through. The simulator hands in its own. */
export interface ControllerDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meter: ControllerMeter;
  readonly config: ControllerConfig;
  /**
   * The cloud that the nodes' NICs are of; absent for podcidr. `mayCall`: looked at before every call, and what it
   * answers is thrown.
   */
  readonly openCloud?: (mayCall: () => CloudError | undefined) => ClusterCloud;
  /** Where agents have the cloud asked; absent: nowhere. */
  readonly broker?: BrokerDoors;
}

/** What a reconciler works with. */
export interface ReconcilerDoors extends Omit<ControllerDoors, 'openCloud' | 'broker'> {
  /** Refuses writes while this replica does not lead. */
  readonly client: KubeClient;
  /** Whether this replica leads, at this very moment: for what is written elsewhere than to the API server. */
  readonly leads: () => boolean;
  /** Refuses every call while this replica does not lead. */
  readonly cloud: ClusterCloud | undefined;
}
