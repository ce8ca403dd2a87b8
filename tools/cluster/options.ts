import type { ClusterSpec, Provider } from './cluster.ts';
import { kubernetesVersions, STANDARD } from './kubernetes/recipe.ts';

const PROVIDERS = ['podcidr', 'aws'] as const;
const PROXY_MODES = ['iptables', 'nftables'] as const;
const SUBNETS = ['1', '2', '3'] as const;
const WAYS = ['process', 'manifest'] as const;

/** What every command that starts a cluster may be told of it, as parseArgs takes it. */
export const CLUSTER_OPTIONS = {
  kubernetes: { type: 'string', default: STANDARD }, //         its version
  provider: { type: 'string', default: PROVIDERS[0] }, //       where pods' addresses come from
  subnets: { type: 'string', default: SUBNETS[0] }, //          with PodCIDRs: so many for the nodes; between two: VXLAN
  'instance-type': { type: 'string', default: 'm5.large' }, //  of the nodes, on AWS
  'proxy-mode': { type: 'string', default: PROXY_MODES[0] }, // of kube-proxy
  installed: { type: 'string', default: WAYS[0] }, //           how Berth comes onto the nodes
  broker: { type: 'boolean', default: false }, //               on AWS: the controller asks the cloud, nodes may not
} as const;

type Values = { readonly [Name in keyof typeof CLUSTER_OPTIONS]: Name extends 'broker' ? boolean : string };

/** A cluster as somebody wants it. */
export type Wanted = Required<
  Pick<ClusterSpec, 'provider' | 'subnets' | 'instanceType' | 'proxyMode' | 'installed' | 'broker'>
> & {
  readonly kubernetes: string;
};

/** Why a command that starts a cluster may not. */
export const NOT_ROOT = 'a cluster wants root: its nodes have cgroups';

/** Throws a RangeError that names the option which is wrong. */
export function clusterWanted(values: Values): Wanted {
  const provider: Provider = oneOf('provider', PROVIDERS, values.provider);
  const installed = oneOf('installed', WAYS, values.installed);
  if (values.broker && (provider !== 'aws' || installed !== 'manifest'))
    throw new RangeError('--broker is for --provider aws --installed manifest');
  const subnets = Number(oneOf('subnets', SUBNETS, values.subnets));
  if (subnets > 1 && provider !== 'podcidr') throw new RangeError('--subnets is for --provider podcidr');
  return {
    kubernetes: oneOf('kubernetes', kubernetesVersions(), values.kubernetes),
    provider,
    subnets,
    instanceType: values['instance-type'],
    proxyMode: oneOf('proxy-mode', PROXY_MODES, values['proxy-mode']),
    installed,
    broker: values.broker,
  };
}

function oneOf<Name extends string>(option: string, names: readonly Name[], given: string): Name {
  const name = names.find((it) => it === given);
  if (name === undefined) throw new RangeError(`--${option} is one of ${names.join(', ')}`);
  return name;
}

/** What is asked for; when it throws, the command ends with the reason. */
export function orRefuse<Answer>(command: string, asked: () => Answer): Answer {
  try {
    return asked();
  } catch (error) {
    if (error instanceof RangeError) return refuse(command, error.message);
    throw error;
  }
}

/** Ends a command that cannot be done as it was called. */
export function refuse(command: string, why: string): never {
  console.error(`npm run ${command}: ${why}`);
  process.exit(2);
}
