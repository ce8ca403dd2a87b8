import type { ControllerMetrics } from '../../io/system/controller-metrics.ts';
import type { HttpRoutes } from '../../io/system/http-server.ts';
import type { Controller } from './controller.ts';

/** What anybody may ask a replica: is it alive, does it know the cluster, what does it count. */
export function controllerRoutes(
  controller: Controller,
  of: { readonly metrics: ControllerMetrics; readonly callsWaiting: () => Readonly<Record<string, number>> },
): HttpRoutes {
  const { metrics, callsWaiting } = of;
  const now = () => ({ ...sample(controller), callsWaiting: callsWaiting() });
  return {
    'GET /healthz': () => ({ body: 'ok\n' }),
    'GET /readyz': () => readyz(controller),
    'GET /metrics': async () => ({ type: metrics.contentType, body: await metrics.text(now()) }),
  };
}

/** Ready is who could take over now: it knows the cluster. Who lost the way to the API server since is no worse. */
function readyz({ sources }: Controller) {
  const unknown = sources.filter(({ synced }) => !synced);
  if (unknown.length === 0) return { body: '[+]ready\n' };
  const lines = unknown.map(({ resource, trouble }) => `[-]${resource}: ${trouble?.message ?? 'being listed'}\n`);
  return { status: 503, body: lines.join('') };
}

function sample({ leads, queues, sources }: Controller) {
  return {
    leading: leads,
    queues,
    sources: [...new Set(sources.map(({ resource }) => resource))].map((resource) => {
      const of = sources.filter((source) => source.resource === resource); // all pods, and those that are agents
      const objects = of.reduce((sum, { size }) => sum + size, 0);
      return { resource, objects, heard: of.every(({ trouble }) => trouble === undefined) };
    }),
  };
}
