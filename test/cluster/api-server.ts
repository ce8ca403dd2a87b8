import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AccessSource, kubeconfigAccess } from '../../src/io/kube/access.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { kubeconfig, newCredentials, tokenOf } from '../../tools/cluster/credentials.ts';
import { type Gate, openGate } from '../../tools/cluster/gate.ts';
import { builtKubernetes } from '../../tools/cluster/kubernetes/recipe.ts';
import { has, isRoot } from '../kernel/space.ts';
import { until } from '../runtime/node.ts';

const READY_MS = 60_000;
const PORT = 6443;

const built = builtKubernetes();

/** Whether a real API server can be run here. */
export const canRun = isRoot && built !== undefined && ['ip', 'unshare'].every((it) => has(it));

/** etcd and a kube-apiserver alone, in a network namespace of their own. Ends on `close`, and with this process. */
export class RealApiServer {
  readonly #servers: ChildProcess;
  readonly #gate: Gate;
  readonly #folder: string;

  private constructor(servers: ChildProcess, gate: Gate, folder: string) {
    this.#servers = servers;
    this.#gate = gate;
    this.#folder = folder;
  }

  static async open(): Promise<RealApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-api-'));
    const { tokens, tokenFile, signingKey } = newCredentials([]);
    writeFileSync(join(folder, 'tokens.csv'), tokenFile, { mode: 0o600 });
    writeFileSync(join(folder, 'signing.key'), signingKey, { mode: 0o600 });
    const log = openSync(join(folder, 'log'), 'a');
    const launch = ['--net', '--pid', '--fork', '--kill-child', 'sh', '-c', SCRIPT];
    const env = { ...process.env, KUBE: built, NODE: process.execPath, D: folder, RELAY };
    const servers = spawn('unshare', launch, { env, stdio: ['pipe', log, log] });
    const server = new RealApiServer(servers, await openGate(join(folder, 'api.sock')), folder);
    try {
      const certificate = join(folder, 'apiserver.crt');
      await until(READY_MS, 'the API server has a certificate', async () => existsSync(certificate));
      const door = { server: `https://127.0.0.1:${server.#gate.port}`, certificate: readFileSync(certificate, 'utf8') };
      const token = tokenOf({ tokens, tokenFile, signingKey }, 'admin');
      writeFileSync(join(folder, 'kubeconfig'), kubeconfig(door, token), { mode: 0o600 });
    } catch (cause) {
      const said = readFileSync(join(folder, 'log'), 'utf8').slice(-2_000);
      await server.close();
      throw new Error(`no API server:\n${said}`, { cause });
    }
    return server;
  }

  /** An administrator's access. */
  get access(): AccessSource {
    return kubeconfigAccess({ path: this.kubeconfig, clock: realClock });
  }

  /** The same as a file. */
  get kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  /** Words that no other run has. */
  get unique(): string {
    return `n${randomBytes(4).toString('hex')}`;
  }

  async close(): Promise<void> {
    this.#gate.close();
    const ended = new Promise((resolveEnd) => this.#servers.once('exit', resolveEnd));
    if (this.#servers.exitCode === null) {
      this.#servers.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const RELAY = resolve(import.meta.dirname, '../../tools/cluster/relay.ts');

/** Ends when its input does. What is lost with the power was to be gone anyway. */
const SCRIPT = `ip link set lo up
"$KUBE" etcd --data-dir="$D/etcd" --unsafe-no-fsync --log-level=warn --listen-client-urls=http://127.0.0.1:2379 \\
  --advertise-client-urls=http://127.0.0.1:2379 --listen-peer-urls=http://127.0.0.1:2380 &
"$KUBE" kube-apiserver --etcd-servers=http://127.0.0.1:2379 --service-cluster-ip-range=10.96.0.0/16 \\
  --token-auth-file="$D/tokens.csv" --authorization-mode=RBAC \\
  --service-account-key-file="$D/signing.key" --service-account-signing-key-file="$D/signing.key" \\
  --service-account-issuer=https://kubernetes.default.svc --cert-dir="$D" --secure-port=${PORT} \\
  --advertise-address=192.0.2.1 --endpoint-reconciler-type=none \\
  --disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection &
"$NODE" "$RELAY" "$D/api.sock" 127.0.0.1 ${PORT} &
cat > /dev/null`;
