import type { Millis } from '../src/base/clock.ts';
import { type Address, addressIn, type InterfaceAddress } from '../src/base/ip.ts';
import { utf8 } from '../src/base/bytes.ts';
import { type AttachmentId, attachmentId } from '../src/core/attachment.ts';
import type { CallFrame } from '../src/wire/agent/frame.ts';

export const NETWORK = 'pods';
const IFNAME = 'eth0';

/** What a sandbox asks for beside an address. */
export interface Wants {
  readonly pod?: PodOf;
  readonly hostPort?: number;
  readonly ip?: Address;
}

/** The pod of a cluster that a sandbox is of. */
export interface PodOf {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly keeps: boolean; // its address stays its name's
}

/** What an ADD told: the addresses, and the very text. */
export interface Told {
  readonly addresses: readonly Address[];
  readonly stdout: string;
}

/** A sandbox as the container runtime knows it. */
export interface Sandbox {
  readonly n: number;
  readonly containerId: string;
  readonly netns: string;
  readonly former: string | undefined; //       the namespace in which the same container was before
  readonly wants: Wants;
  readonly told: Told | undefined; //            by the ADD that succeeded
  readonly delAskedAt: Millis | undefined; //   when it was first to go
  readonly gone: boolean; //                    a DEL succeeded, or was spooled
  readonly spooled: boolean; //                 it was
  readonly cut: boolean; //                     the machine lost its power since: what was not synced may be undone
  readonly meddled: boolean; //                 somebody took something of it away
}

/** Of a sandbox that nobody has asked about yet. */
export const UNASKED = {
  told: undefined,
  delAskedAt: undefined,
  gone: false,
  spooled: false,
  cut: false,
  meddled: false,
};

/** What a call is for, which is more than its verb. */
export type CallKind = 'add' | 'again' | 'elsewhere' | 'del' | 'late' | 'check' | 'gc' | 'status';

/** When a holder was first to go, and when its DEL was answered. */
export interface Leaving {
  readonly holder: number; // the sandbox
  readonly asked: Millis;
  readonly done: Millis | undefined;
}

/** A process of the CNI executable: it asks until it is answered. */
export interface Call {
  readonly n: number;
  readonly kind: CallKind;
  readonly sandbox: number; //    0: about none
  readonly frame: CallFrame;
  readonly askedAt: Millis; //    of the agent that lives now
  readonly orphaned: boolean; // nobody waits for its answer any more
}

/** The container runtime's memory: values in maps, so that a clone is cheap. */
export class Runtime {
  readonly sandboxes: Map<number, Sandbox>;
  readonly calls: Map<number, Call>;
  /** Of addresses whose holder, who had been told so, was to go. */
  readonly left: Map<Address, Leaving>;
  /** Since when the agent serves without any fault; undefined when it does not. */
  calmSince: Millis | undefined;
  #count: number;

  constructor(from?: Runtime) {
    this.sandboxes = new Map(from?.sandboxes);
    this.calls = new Map(from?.calls);
    this.left = new Map(from?.left);
    this.calmSince = from?.calmSince;
    this.#count = from === undefined ? 0 : from.#count;
  }

  clone(): Runtime {
    return new Runtime(this);
  }

  /** A new sandbox; its namespace is the machine's to make. */
  newSandbox(wants: Wants): Sandbox {
    const n = ++this.#count;
    const containerId = `${String(n).padStart(4, '0')}c0ffee`;
    const netns = `/run/netns/cni-${n}`;
    const sandbox: Sandbox = { n, containerId, netns, former: undefined, wants, ...UNASKED };
    this.sandboxes.set(n, sandbox);
    return sandbox;
  }

  change(sandbox: Sandbox, by: Partial<Sandbox>): Sandbox {
    const changed = { ...(this.sandboxes.get(sandbox.n) ?? sandbox), ...by };
    this.sandboxes.set(sandbox.n, changed);
    return changed;
  }

  newCall(kind: CallKind, sandbox: Sandbox | undefined, frame: CallFrame, now: Millis): Call {
    const call = { n: ++this.#count, kind, sandbox: sandbox?.n ?? 0, frame, askedAt: now, orphaned: false };
    this.calls.set(call.n, call);
    return call;
  }

  /** It is to go: what it was told is on its way back, and whoever still asks for it asks in vain. */
  dismiss(sandbox: Sandbox, now: Millis): Sandbox {
    const { told, delAskedAt } = this.sandboxes.get(sandbox.n) ?? sandbox;
    for (const call of this.callsOf(sandbox))
      if (call.kind !== 'del') this.calls.set(call.n, { ...call, orphaned: true });
    if (delAskedAt !== undefined) return sandbox;
    for (const address of told?.addresses ?? [])
      this.left.set(address, { holder: sandbox.n, asked: now, done: undefined });
    return this.change(sandbox, { delAskedAt: now });
  }

  /** Those who were told their addresses and are not to go. */
  live(): readonly Sandbox[] {
    return [...this.sandboxes.values()].filter(isLive);
  }

  /** The calls about a sandbox whose answer somebody waits for. */
  callsOf(sandbox: Sandbox, kind?: CallKind): readonly Call[] {
    return [...this.calls.values()].filter(
      (call) => call.sandbox === sandbox.n && !call.orphaned && (kind === undefined || call.kind === kind),
    );
  }
}

export function isLive({ told, delAskedAt }: Sandbox): boolean {
  return told !== undefined && delAskedAt === undefined;
}

export function idOf({ containerId }: Sandbox): AttachmentId {
  return attachmentId({ network: NETWORK, containerId, ifname: IFNAME });
}

export function addFrame(sandbox: Sandbox, netns = sandbox.netns): CallFrame {
  const env = { CNI_CONTAINERID: sandbox.containerId, CNI_NETNS: netns, ...podArgs(sandbox) };
  return frame('ADD', env, runtimeConfig(sandbox));
}

function podArgs({ wants: { pod } }: Sandbox): Readonly<Record<string, string>> {
  if (pod === undefined) return {};
  const { namespace, name, uid } = pod;
  return { CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}` };
}

/** A DEL may come without a namespace: the runtime has lost it. */
export function delFrame(sandbox: Sandbox, netns: string): CallFrame {
  return frame('DEL', { CNI_CONTAINERID: sandbox.containerId, CNI_NETNS: netns }, {});
}

export function checkFrame(sandbox: Sandbox): CallFrame {
  const { told, containerId, netns } = sandbox;
  const prevResult: unknown = JSON.parse(told?.stdout ?? '{}');
  return frame('CHECK', { CNI_CONTAINERID: containerId, CNI_NETNS: netns }, { ...runtimeConfig(sandbox), prevResult });
}

export function gcFrame(valid: readonly Sandbox[]): CallFrame {
  const attachments = valid.map(({ containerId }) => ({ containerID: containerId, ifname: IFNAME }));
  return frame('GC', {}, { 'cni.dev/valid-attachments': attachments });
}

export function statusFrame(): CallFrame {
  return frame('STATUS', {}, {});
}

/** What a result tells. */
export function toldBy(stdout: string): Told {
  const { ips = [] } = JSON.parse(stdout) as { ips?: readonly { address: InterfaceAddress }[] };
  return { addresses: ips.map(({ address }) => addressIn(address)), stdout };
}

/** The code of an error, 0 when it has none. */
export function codeOf(stdout: string): number {
  const { code = 0 } = JSON.parse(stdout) as { code?: number };
  return code;
}

function runtimeConfig({ wants: { hostPort, ip } }: Sandbox): object {
  const portMappings = hostPort === undefined ? [] : [{ hostPort, containerPort: 80, protocol: 'udp' }];
  return { runtimeConfig: { portMappings, ...(ip === undefined ? {} : { ips: [ip] }) } };
}

function frame(verb: string, env: Readonly<Record<string, string>>, more: object): CallFrame {
  const about = 'CNI_CONTAINERID' in env ? { CNI_IFNAME: IFNAME } : {};
  const config = { cniVersion: '1.1.0', name: NETWORK, type: 'berth', ...more };
  return {
    env: { CNI_COMMAND: verb, CNI_PATH: '/opt/cni/bin', ...about, ...env },
    stdin: utf8(JSON.stringify(config)),
  };
}
