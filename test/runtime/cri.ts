import { credentials, loadPackageDefinition, type Client, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** What a pod of these tests asks of the runtime. */
export interface PodWish {
  readonly name: string;
  readonly ports?: readonly {
    readonly protocol: 'TCP' | 'UDP';
    readonly hostPort: number;
    readonly containerPort: number;
  }[];
}

/** A running pod with one container. */
export interface CriPod {
  readonly name: string;
  readonly sandbox: string;
  readonly container: string;
  readonly addresses: readonly string[];
}

const DEADLINE_MS = 120_000;
const STARTING = 'server is not initialized yet'; // containerd: its socket is there before what it keeps is read

/**
 * A container runtime behind its CRI socket, as a kubelet speaks to it. Every method throws the runtime's own words.
 */
export class Cri {
  readonly #client: Client;

  constructor(socket: string) {
    const options = { keepCase: true, longs: Number, enums: String, defaults: true };
    const proto = loadPackageDefinition(loadSync(new URL('cri.proto', import.meta.url).pathname, options));
    const { RuntimeService } = (
      proto['runtime'] as unknown as { v1: { RuntimeService: new (...args: unknown[]) => Client } }
    ).v1;
    this.#client = new RuntimeService(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.default_authority': 'localhost', // a unix socket has no host name of its own
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Name and version of the runtime. */
  async version(): Promise<string> {
    const { runtime_name, runtime_version } = await this.#call<{ runtime_name: string; runtime_version: string }>(
      'Version',
      {},
    );
    return `${runtime_name} ${runtime_version}`;
  }

  /** Whether the runtime thinks its network ready, and its reason when not: it may still be starting. */
  async networkReady(): Promise<{ ready: boolean; message: string }> {
    type Answer = { status: { conditions: { type: string; status: boolean; message: string }[] } };
    try {
      const { status } = await this.#call<Answer>('Status', {});
      const network = status.conditions.find(({ type }) => type === 'NetworkReady');
      return { ready: network?.status ?? false, message: network?.message ?? '' };
    } catch (error) {
      const { details } = error as ServiceError;
      if (details !== STARTING) throw error;
      return { ready: false, message: details };
    }
  }

  /** Makes the sandbox (here the runtime calls ADD), a container in it, and starts it. */
  async run(wish: PodWish, image: string, command: readonly string[]): Promise<CriPod> {
    const config = podConfig(wish);
    const { pod_sandbox_id: sandbox } = await this.#call<{ pod_sandbox_id: string }>('RunPodSandbox', { config });
    const container = await this.#call<{ container_id: string }>('CreateContainer', {
      pod_sandbox_id: sandbox,
      sandbox_config: config,
      config: { metadata: { name: 'main' }, image: { image }, command, log_path: `${wish.name}.log` },
    });
    await this.#call('StartContainer', { container_id: container.container_id });
    return { name: wish.name, sandbox, container: container.container_id, addresses: await this.addresses(sandbox) };
  }

  async addresses(sandbox: string): Promise<readonly string[]> {
    type Answer = { status: { network: { ip: string; additional_ips: { ip: string }[] } } };
    const { status } = await this.#call<Answer>('PodSandboxStatus', { pod_sandbox_id: sandbox });
    return [status.network.ip, ...status.network.additional_ips.map(({ ip }) => ip)];
  }

  /** Runs a command in the pod. */
  async exec(pod: CriPod, ...cmd: string[]): Promise<{ code: number; out: string }> {
    type Answer = { exit_code: number; stdout: Buffer; stderr: Buffer };
    const answer = await this.#call<Answer>('ExecSync', { container_id: pod.container, cmd, timeout: 20 });
    return { code: answer.exit_code, out: `${answer.stdout}${answer.stderr}` };
  }

  /** Stops and removes a sandbox: the runtime calls DEL twice, the second time without a namespace. */
  async remove(sandbox: string): Promise<void> {
    await this.#call('StopPodSandbox', { pod_sandbox_id: sandbox });
    await this.#call('RemovePodSandbox', { pod_sandbox_id: sandbox });
  }

  async sandboxes(): Promise<readonly string[]> {
    const { items } = await this.#call<{ items: { id: string }[] }>('ListPodSandbox', {});
    return items.map(({ id }) => id);
  }

  #call<Answer>(method: string, request: object): Promise<Answer> {
    const path = `/runtime.v1.RuntimeService/${method}`;
    const methods = this.#client as unknown as Record<string, (...args: unknown[]) => void>;
    const call = methods[method];
    if (call === undefined) throw new Error(`cri.proto has no ${path}`);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer: Answer) => (error === null ? resolve(answer) : reject(error));
      call.call(this.#client, request, { deadline: Date.now() + DEADLINE_MS }, done);
    });
  }
}

function podConfig(wish: PodWish): object {
  return {
    metadata: { name: wish.name, uid: `uid-${wish.name}`, namespace: 'test', attempt: 0 },
    hostname: wish.name,
    log_directory: `/run/pod-logs/${wish.name}`,
    port_mappings: (wish.ports ?? []).map(({ protocol, hostPort, containerPort }) => ({
      protocol,
      host_port: hostPort,
      container_port: containerPort,
    })),
    linux: { security_context: { namespace_options: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } } },
  };
}
