import { setImmediate } from 'node:timers/promises';
import { utf8 } from '../../base/bytes.ts';
import type { Clock, Millis } from '../../base/clock.ts';
import { type Logger, silent } from '../../base/log.ts';
import { parseConfig } from '../../io/config/load.ts';
import { LinuxKernel } from '../../io/kernel/linux-kernel.ts';
import { Netns } from '../../io/kernel/netns.ts';
import { openNft } from '../../io/kernel/nft-kernel.ts';
import type { Disk, DiskFile } from '../../io/store/disk.ts';
import { openJournal } from '../../io/store/open-journal.ts';
import { realClock } from '../../io/system/clock.ts';
import { decodeCall, encodeCall, encodeReply } from '../../wire/agent/frame.ts';
import { type Agent, startAgent } from './agent.ts';
import { countNothing, type SpoolDoor } from './doors.ts';

/** More make the first real pod no faster, and cost 5 ms of processor time each. */
const PODS = 20;
/** What has waited for the agent comes first. */
const BEFORE_MS: Millis = 500;

export interface RehearsalDoors {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether real calls are under way: they are not to wait for this. */
  readonly busy: () => boolean;
}

/**
 * Some pods of nobody come and go while the agent has nothing to do, so that its code is compiled when the first real
 * one comes: that would else wait for it, four times as long as the next. They live in network namespaces that nobody
 * else sees, with addresses for documentation (RFC 5737), and nothing of them is written. Answers what ends it. Where
 * no such namespace can be made there is no rehearsal.
 */
export function rehearseSoon({ clock, log, busy }: RehearsalDoors): () => Promise<void> {
  let ended = false;
  let playing = Promise.resolve();
  const play = async (): Promise<void> => {
    const began = clock.steady();
    try {
      const pods = await rehearse(() => !ended && !busy());
      log.debug('rehearsed', { pods, ms: Math.round(clock.steady() - began) });
    } catch (err) {
      log.debug('not rehearsed', { err });
    }
  };
  const cancel = clock.timer(BEFORE_MS, () => {
    playing = play();
  });
  return () => {
    ended = true;
    cancel();
    return playing;
  };
}

/** Answers how many pods there were. Throws KernelError, or what a pod was refused with. */
export async function rehearse(goOn: () => boolean): Promise<number> {
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const { agent, sandbox } = await openStage(closers);
    for (let pod = 0; pod < PODS; pod++) {
      for (const verb of ['ADD', 'DEL']) {
        if (!goOn()) return pod;
        await call(agent, { verb, pod, sandbox });
        await setImmediate();
      }
    }
    return PODS;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** An agent as on a node with ranges of its own, a namespace that is its node's, and one that is its pods'. */
async function openStage(closers: (() => void | Promise<void>)[]): Promise<{ agent: Agent; sandbox: string }> {
  const [node, pod] = [Netns.make(), Netns.make()];
  closers.push(
    () => node.close(),
    () => pod.close(),
  );
  const kernel = LinuxKernel.open({ netns: pathOf(node), nft: (netns) => openNft({ log: silent, netns }) });
  closers.push(() => kernel.close());
  const { journal, recovery } = openJournal({ disk: nowhere, clock: realClock });
  closers.push(() => journal.close());
  const { config } = parseConfig(JSON.stringify({ nodeName: 'rehearsal', network: { ranges: ['192.0.2.0/24'] } }));
  const agent = await startAgent({
    ...{ kernel, journal, recovery, spool: empty, clock: realClock, log: silent, meter: countNothing },
    ...{ bootId: 'rehearsal', config },
  });
  closers.push(() => agent.stop());
  return { agent, sandbox: pathOf(pod) };
}

/** As a kubelet's runtime asks. */
async function call(agent: Agent, of: { verb: string; pod: number; sandbox: string }): Promise<void> {
  const { verb, pod, sandbox } = of;
  const containerId = `rehearsal-${pod}`;
  const uid = '00000000-0000-4000-8000-000000000000';
  const env = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: sandbox,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=rehearsal;K8S_POD_NAME=pod;K8S_POD_INFRA_CONTAINER_ID=${containerId};K8S_POD_UID=${uid}`,
  };
  const stdin = utf8(JSON.stringify({ cniVersion: '1.0.0', name: 'rehearsal', type: 'berth-cni' }));
  const reply = await agent.handle(decodeCall(encodeCall({ env, stdin })));
  encodeReply(reply);
  if (reply.exitCode !== 0) throw new Error(`${verb}: ${reply.stdout}`);
}

function pathOf({ fd }: Netns): string {
  return `/proc/self/fd/${fd}`;
}

/** A disk that forgets. */
const nowhere: Disk = {
  list: () => [],
  read: () => undefined,
  create: (_, bytes) => file(bytes),
  open: () => file(0),
  rename: () => {},
  remove: () => {},
  syncDirectory: () => Promise.resolve(),
};

function file(bytes: number): DiskFile {
  return { bytes, write: () => {}, sync: () => Promise.resolve(), close: () => {} };
}

const empty: SpoolDoor = { entries: () => [], remove: () => {}, watch: () => () => {} };
