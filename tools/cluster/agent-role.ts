import { AGENT_RULES } from '../deploy/objects.ts';
import type { Api } from './api.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NAME = 'berth-agent';

/** Lets a user work as an agent does, and nothing more. */
export async function allowAgent(api: Api, user: string): Promise<void> {
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
