// Where objects are: Kubernetes API Concepts, "Resource URIs".

/** A kind of object as the API server's paths name it. */
export interface Resource {
  readonly group: string; // '': the core group
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export const NODES: Resource = core('nodes', 'Node', false);
export const PODS: Resource = core('pods', 'Pod', true);
export const SERVICE_ACCOUNTS: Resource = core('serviceaccounts', 'ServiceAccount', true);
export const EVENTS: Resource = core('events', 'Event', true);
export const CONFIG_MAPS: Resource = core('configmaps', 'ConfigMap', true);
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const STATEFUL_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  namespaced: true,
};
export const SERVICE_RANGES: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'servicecidrs',
  kind: 'ServiceCIDR',
  namespaced: false,
};

/** Which objects: all of a resource, or those of a namespace, with these fields and labels. */
export interface Selection {
  readonly resource: Resource;
  readonly namespace?: string; // absent: of all namespaces
  readonly fields?: string; //    "spec.nodeName=node-1"
  readonly labels?: string; //    "app=web"
}

/** One object, or a part of it that has a path of its own. */
export interface Place {
  readonly resource: Resource;
  readonly namespace?: string; // of a namespaced resource
  readonly name: string;
  readonly part?: string; //      "status"
}

/** "v1", "coordination.k8s.io/v1". */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The path of a resource, all namespaces or one. */
export function collectionPath({ resource, namespace }: Pick<Selection, 'resource' | 'namespace'>): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const within = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}/${apiVersionOf(resource)}${within}/${resource.plural}`;
}

/** The path of one object. */
export function objectPath({ name, part, ...of }: Place): string {
  const path = `${collectionPath(of)}/${encodeURIComponent(name)}`;
  return part === undefined ? path : `${path}/${part}`;
}

/** "name=value&…" of what is set; '' when nothing is. */
export function queryText(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  return Object.entries(query)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`]))
    .join('&');
}

function core(plural: string, kind: string, namespaced: boolean): Resource {
  return { group: '', version: 'v1', plural, kind, namespaced };
}
