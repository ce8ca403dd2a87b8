/** A variable that wins over the file. A `list` is written with commas. */
export interface EnvironmentKey {
  readonly variable: string;
  readonly key: string;
  readonly list?: true;
}

/** Set to `true`, an absent file is an empty one: in a pod, whose ConfigMap is made when there is something to say. */
const CONFIG_OPTIONAL = 'BERTH_CONFIG_OPTIONAL';

/** Whether a configuration file may be absent. */
export function mayBeAbsent(environment: Environment): boolean {
  return environment[CONFIG_OPTIONAL] === 'true';
}

/** The same variables, but the file must be there. */
export function withFile(environment: Environment): Environment {
  return { ...environment, [CONFIG_OPTIONAL]: undefined };
}

/** All of them. Other variables are left alone: Kubernetes sets BERTH_PORT and the like for a Service of our name. */
export const ENVIRONMENT: readonly EnvironmentKey[] = [
  { variable: 'BERTH_NODE_NAME', key: 'nodeName' },
  { variable: 'BERTH_PROVIDER', key: 'provider' },
  { variable: 'BERTH_MODE', key: 'network.mode' },
  { variable: 'BERTH_RANGES', key: 'network.ranges', list: true },
  { variable: 'BERTH_NAMESPACE', key: 'kubernetes.namespace' },
  { variable: 'BERTH_KUBERNETES', key: 'kubernetes.access' },
  { variable: 'BERTH_KUBECONFIG', key: 'kubernetes.kubeconfig' },
  { variable: 'BERTH_SOCKET', key: 'paths.socket' },
  { variable: 'BERTH_ADMIN_SOCKET', key: 'paths.adminSocket' },
  { variable: 'BERTH_STATE', key: 'paths.state' },
  { variable: 'BERTH_SPOOL', key: 'paths.spool' },
  { variable: 'BERTH_LISTEN', key: 'http.listen' },
  { variable: 'BERTH_LOG_LEVEL', key: 'log.level' },
  { variable: 'BERTH_LOG_FORMAT', key: 'log.format' },
];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that set a key, or undefined when none did. An empty variable counts as unset. */
export function variableOf(
  path: string,
  variables: readonly EnvironmentKey[],
  environment: Environment,
): string | undefined {
  const found = variables.find(({ key }) => path === key || path.startsWith(`${key}[`));
  return found !== undefined && environment[found.variable] ? found.variable : undefined;
}

/**
 * The file's content with what the environment says put over it. A section that is no mapping is left for the schema to
 * refuse.
 */
export function override(content: unknown, variables: readonly EnvironmentKey[], environment: Environment): unknown {
  return variables.reduce((sum, { variable, key, list }) => {
    const text = environment[variable];
    if (!text) return sum;
    return put(sum, key.split('.'), list ? text.split(',').map((part) => part.trim()) : text);
  }, content);
}

function put(into: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (into !== undefined && (typeof into !== 'object' || into === null || Array.isArray(into))) return into;
  const mapping = (into ?? {}) as Readonly<Record<string, unknown>>;
  return { ...mapping, [key]: put(mapping[key], rest, value) };
}
