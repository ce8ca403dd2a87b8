import type { Millis } from '../../../base/clock.ts';
import type { HostPort } from '../../../base/host-port.ts';
import { KubeError } from '../../../io/kube/client.ts';
import type { ServerKeys } from '../../../io/system/own-certificate.ts';
import { BEACON, writeBeacon } from '../../../wire/broker/beacon.ts';
import { type KubeObject, loose } from '../../../wire/kube/object.ts';
import { CONFIG_MAPS } from '../../../wire/kube/resource.ts';
import type { ReconcilerDoors } from '../doors.ts';
import { always, type Reconciler } from '../reconciler.ts';
import { newKeys, type Shown, SHOWN_MS } from './shown.ts';

/** How often the ConfigMap is looked at: somebody may have deleted it. */
const LOOK_MS: Millis = 30_000;

/**
 * Says in a ConfigMap where the replica that leads is and how to know it, and has another key every day: told first,
 * shown then, so that whoever asks meanwhile trusts both.
 */
export function beaconReconciler(
  { client, clock, log, config: { namespace } }: ReconcilerDoors,
  of: { readonly at: HostPort; readonly first: Shown; readonly show: (keys: ServerKeys) => void },
): Reconciler {
  const place = { resource: CONFIG_MAPS, namespace, name: BEACON };
  let shown = of.first;
  const tell = async (certificates: string) => {
    const data = writeBeacon({ at: of.at, certificates });
    const now = await client.get(place).catch(orNothing);
    if (now !== undefined && isSame(loose(now['data']), data)) return;
    const metadata = { namespace, name: BEACON };
    const object = { apiVersion: 'v1', kind: CONFIG_MAPS.kind, data };
    if (now === undefined) await client.create({ resource: CONFIG_MAPS, namespace }, { ...object, metadata });
    // one that was written since is another leader's: a conflict, and we look again
    else
      await client.replace(place, {
        ...object,
        metadata: { ...metadata, resourceVersion: now.metadata.resourceVersion },
      });
    log.info('agents are told where to ask', { at: data['at'] });
  };
  return {
    name: 'broker-beacon',
    atOnce: 1,
    watches: [always(BEACON)],
    reconcile: async () => {
      if (clock.steady() - shown.since < SHOWN_MS) {
        await tell(`${shown.keys.certificate}${shown.before}`);
        return { againInMs: LOOK_MS };
      }
      const next = newKeys(clock);
      await tell(`${next.keys.certificate}${shown.keys.certificate}`);
      of.show(next.keys);
      shown = { ...next, before: shown.keys.certificate };
      return { againInMs: LOOK_MS };
    },
  };
}

function isSame(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, string>>): boolean {
  return Object.entries(b).every(([key, value]) => a[key] === value);
}

function orNothing(error: unknown): KubeObject | undefined {
  if (error instanceof KubeError && error.kind === 'absent') return undefined;
  throw error;
}
