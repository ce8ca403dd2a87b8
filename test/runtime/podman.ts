import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, IMAGE, type TestNode } from './node.ts';

/** The name of the network that podman's containers are attached to. */
export const NETWORK = 'pods';

const LIMIT_MS = 90_000;

/** podman in one node: its own storage, configuration and CNI folders. Every method throws podman's own words. */
export class Podman {
  readonly #node: TestNode;
  readonly #env: Readonly<Record<string, string>>;

  /** Writes the configuration and takes the image in. The network must be there: podman looks at it at every call. */
  constructor(node: TestNode, netDir: string, binDir: string) {
    this.#node = node;
    const { folder } = node;
    const home = join(folder, 'podman');
    mkdirSync(home);
    writeFileSync(join(home, 'containers.conf'), containersConf(netDir, binDir));
    writeFileSync(join(home, 'storage.conf'), storageConf(home));
    writeFileSync(join(home, 'policy.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    writeFileSync(join(home, 'image.tar'), busyboxImage());
    this.#env = {
      CONTAINERS_CONF: join(home, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
      BERTH_SPOOL: join(folder, 'spool'),
      HOME: home,
    };
    this.#load(join(home, 'image.tar'), join(home, 'policy.json'));
  }

  /** Runs podman to its end and answers what it printed. */
  async run(...args: string[]): Promise<string> {
    const { code, out, err } = await this.attempt(...args);
    if (code !== 0) throw new Error(`podman ${args.join(' ')}: ${err}`);
    return out.trim();
  }

  /** As `run`, for what may fail. */
  attempt(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const [program, rest] = this.#node.entering('podman', args);
    const child = spawn(program, rest, { env: { ...process.env, ...this.#env }, timeout: LIMIT_MS });
    const said = { out: '', err: '' };
    child.stdout.on('data', (part: Buffer) => (said.out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (said.err += part.toString()));
    child.stdin.end();
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === null) reject(new Error(`podman ${args[0]} did not end within ${LIMIT_MS} ms: ${said.err}`));
        else resolve({ code, ...said });
      });
    });
  }

  /** Starts a container in the background and answers its addresses. */
  async start(name: string, options: readonly string[], command: readonly string[]): Promise<readonly string[]> {
    const fixed = ['run', '-d', '--pull=never', '--name', name, '--hostname', name, '--entrypoint', '[]'];
    await this.run(...fixed, ...options, IMAGE, ...command);
    return this.addresses(name);
  }

  async addresses(name: string): Promise<readonly string[]> {
    type Seen = { NetworkSettings: { Networks: Record<string, { IPAddress: string; GlobalIPv6Address: string }> } };
    const [seen] = JSON.parse(await this.run('inspect', name)) as readonly Seen[];
    const network = seen?.NetworkSettings.Networks[NETWORK];
    return [network?.IPAddress, network?.GlobalIPv6Address].filter((it) => it !== undefined && it !== '') as string[];
  }

  #load(archive: string, policy: string): void {
    const [program, args] = this.#node.entering('podman', ['load', '--signature-policy', policy, '-i', archive]);
    const { status, stderr } = spawnSync(program, args, { env: { ...process.env, ...this.#env }, encoding: 'utf8' });
    if (status !== 0) throw new Error(`podman load: ${stderr}`);
  }
}

/** What a machine without CAP_SYS_RESOURCE and without systemd needs, and the CNI backend. */
function containersConf(netDir: string, binDir: string): string {
  return `[containers]
netns = "bridge"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "cni"
cni_plugin_dirs = ["${binDir}"]
network_config_dir = "${netDir}"
default_network = "${NETWORK}"
`;
}

function storageConf(home: string): string {
  return `[storage]
driver = "overlay"
graphroot = "${home}/graph"
runroot = "/run/containers"
`;
}
