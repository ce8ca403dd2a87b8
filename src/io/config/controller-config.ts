import type { Millis } from '../../base/clock.ts';
import type { AgentConfig } from './agent-config.ts';
import { agentAws, logOf } from './agent-file.ts';
import { ConfigError } from './config-error.ts';
import { controllerSchema } from './controller-schema.ts';
import type { Environment, EnvironmentKey } from './environment.ts';
import { readText, readYaml } from './yaml-file.ts';

/** The controller's whole configuration, checked, with every default filled in: docs/configuration.md. */
export interface ControllerConfig {
  readonly namespace: string; // where its Lease is
  readonly replica: string; //   no other replica has this name
  readonly provider: AgentConfig['provider'];
  readonly aws: AgentConfig['aws'];
  readonly kubernetes: {
    readonly access: 'in-cluster' | 'kubeconfig';
    readonly kubeconfig: string; //         path
    readonly server: string | undefined; // instead of the Service's address; in-cluster only
  };
  /** Where agents have the cloud asked. Without an address, nobody asks for them. */
  readonly broker: { readonly address: string | undefined; readonly port: number; readonly agents: string };
  readonly leaked: { readonly intervalMs: Millis; readonly atMost: number };
  /** Of cloud calls, for all nodes together. */
  readonly calls: { readonly changing: CallsOf; readonly reading: CallsOf };
  readonly http: { readonly listen: string | undefined };
  readonly log: AgentConfig['log'];
}

/** Calls of one action. */
interface CallsOf {
  readonly burst: number;
  readonly perSecond: number;
}

const REGION = { where: 'aws.region', says: 'is missing: the controller need not run on an instance' };

/** Variables that win over the file. */
export const CONTROLLER_ENVIRONMENT: readonly EnvironmentKey[] = [
  { variable: 'BERTH_NAMESPACE', key: 'namespace' },
  { variable: 'BERTH_REPLICA', key: 'replica' },
  { variable: 'BERTH_PROVIDER', key: 'provider' },
  { variable: 'BERTH_ADDRESS', key: 'broker.address' },
  { variable: 'BERTH_KUBERNETES', key: 'kubernetes.access' },
  { variable: 'BERTH_KUBECONFIG', key: 'kubernetes.kubeconfig' },
  { variable: 'BERTH_LISTEN', key: 'http.listen' },
  { variable: 'BERTH_LOG_LEVEL', key: 'log.level' },
  { variable: 'BERTH_LOG_FORMAT', key: 'log.format' },
];

/** Reads, checks and completes the controller's file; the environment wins over it. Throws ConfigError. */
export function loadControllerConfig(path: string, environment: Environment = process.env): ControllerConfig {
  return parseControllerConfig(readText(path, environment), { source: path, environment });
}

/** The same of a text. An empty one is all defaults. */
export function parseControllerConfig(
  text: string,
  { source = 'configuration', environment = {} }: { readonly source?: string; readonly environment?: Environment } = {},
): ControllerConfig {
  const variables = CONTROLLER_ENVIRONMENT;
  const { content, found } = readYaml(text, { schema: controllerSchema, variables, environment, source });
  const { namespace, replica, provider, aws, kubernetes, broker, leaked, calls, http, log } = content;
  if (provider === 'aws' && aws.region === undefined) throw new ConfigError('invalid', source, [found(REGION)]);
  return {
    ...{ namespace, replica, provider, calls },
    aws: agentAws(aws),
    kubernetes: { ...kubernetes, server: kubernetes.server },
    broker: { ...broker, address: broker.address },
    leaked: { intervalMs: leaked.interval, atMost: leaked.atMost },
    http: { listen: http.listen },
    log: logOf(log),
  };
}
