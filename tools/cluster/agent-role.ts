import { definitionObjects } from '../deploy/controller-objects.ts';
import { AGENT_RULES } from '../deploy/objects.ts';
import type { Api } from './api.ts';

const KINDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const RBAC = 'rbac.authorization.k8s.io';
const NAME = 'berth-agent';

/** The kinds that are ours, and a user who may work as an agent does, and nothing more. */
export async function allowAgent(api: Api, user: string): Promise<void> {
  for (const kind of definitionObjects()) await api.ask('POST', KINDS, kind);
  const role = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: NAME }, rules: AGENT_RULES };
  const binding = {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: NAME },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
    subjects: [{ kind: 'User', name: user, apiGroup: RBAC }],
  };
  await api.ask('POST', `/apis/${RBAC}/v1/clusterroles`, role);
  await api.ask('POST', `/apis/${RBAC}/v1/clusterrolebindings`, binding);
}
