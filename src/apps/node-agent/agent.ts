import type { CallFrame, ReplyFrame } from '../../wire/agent/frame.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import { adopt } from '../../core/ipam/adopt.ts';
import type { Pool, PoolPolicy } from '../../core/ipam/pool.ts';
import type { Prefix } from '../../base/ip.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';
import { Attachments } from './attachments.ts';
import type { ClusterRunner } from './cluster-runner.ts';
import { CloudRunner } from './cloud-runner.ts';
import { ConfigReader } from './config-reader.ts';
import type { CniDoors } from './cni-doors.ts';
import { serveCni } from './cni-server.ts';
import { countedKernel } from './counted-kernel.ts';
import type { AgentDoors } from './doors.ts';
import { History, whom } from './history.ts';
import {
  followCluster,
  type InCluster,
  openCluster,
  openNicConfigs,
  openPodGroups,
  openPodIps,
  openPods,
  openStatics,
  openTeller,
} from './in-cluster.ts';
import { Lanes } from './lanes.ts';
import { detachFrom } from './late-del.ts';
import { NicRunner } from './nic-runner.ts';
import { firstPlacing } from './nic-configs.ts';
import { NodeRunner } from './node-runner.ts';
import { openBranches } from './open-branches.ts';
import { PoolRunner } from './pool-runner.ts';
import { Repairer } from './repair.ts';
import { lostAttachments } from './rescue.ts';
import { SpoolRunner } from './spool-runner.ts';
import { Sweeper } from './sweeper.ts';

/** The agent as its servers, its signals and the simulator see it. */
export interface Agent {
  /** One CNI call. Never throws. */
  handle(call: CallFrame): Promise<ReplyFrame>;
  /** Takes on a changed configuration while running. Throws what cannot be applied; the rest stands. */
  reconfigure(config: AgentConfig): Promise<void>;
  /** Ends timers and watches, after the calls under way. The doors stay open: whoever opened them closes them. */
  stop(): Promise<void>;
  /** What status, explain and why are made of. */
  readonly parts: AgentParts;
}

export interface AgentParts extends CniDoors, Partial<InCluster> {
  readonly doors: AgentDoors;
  readonly attachments: Attachments;
  readonly sweeper: Sweeper;
  readonly cloud?: CloudRunner;
  readonly nics?: NicRunner;
}

/** So long the API server may take to say that what is on record of the cluster still holds. */
const CLUSTER_WAIT_MS = 2_000;

/**
 * Builds the agent on its doors and brings memory, kernel and node together: what was lost is found, the node's plan
 * stands, what is nobody's is removed, the spool is empty. Then it may serve. Throws JournalError when nothing can be
 * remembered; a node plan that cannot be applied only makes it not ready, and is tried again.
 */
export async function startAgent(doors: AgentDoors): Promise<Agent> {
  let file = doors.config;
  const cluster = openCluster(doors);
  await cluster?.start(CLUSTER_WAIT_MS);
  const configured = () => cluster?.configured(file) ?? file;
  const parts = await build({ ...doors, config: configured() }, { cluster, lack: () => cluster?.lack(file) });
  const takeOn = async () => {
    try {
      await parts.node.establish(configured());
    } finally {
      // what failed is tried again: the ranges are the new ones either way
      await parts.pool.setRanges(parts.node.ranges);
    }
  };
  await parts.node.establish(configured()).catch(() => {}); // said, and tried again
  await parts.sweeper.sweep();
  await parts.spool.start();
  parts.repairer.start();
  parts.cloud?.start();
  parts.branches?.start();
  parts.podGroups?.start();
  parts.pool.start();
  followCluster(parts, parts, () => takeOn().catch(() => {})); // said, and tried again
  return {
    handle: (call) => serveCni(parts, call),
    reconfigure: async (config) => {
      file = config;
      try {
        await takeOn();
      } finally {
        await parts.sweeper.sweep();
      }
    },
    stop: async () => {
      cluster?.stop();
      parts.pods?.stop();
      parts.teller?.stop();
      parts.podIps?.stop();
      parts.statics?.stop();
      parts.nicConfigs?.stop();
      parts.spool.stop();
      parts.repairer.stop();
      parts.node.stop();
      parts.sweeper.stop();
      await parts.lanes.idle();
      parts.pool.stop();
      parts.nics?.stop();
      parts.branches?.stop();
      parts.podGroups?.stop();
      await parts.cloud?.stop();
    },
    parts,
  };
}

interface OfCluster {
  readonly cluster: ClusterRunner | undefined;
  readonly lack: () => string | undefined;
}

async function build(doors: AgentDoors, { cluster, lack }: OfCluster): Promise<AgentParts> {
  const { journal, clock, log, meter, config } = doors;
  const kernel = countedKernel(doors.kernel, meter);
  if (journal.memory().bootId !== doors.bootId) await journal.append([{ kind: 'boot', bootId: doors.bootId }]);
  await rescueLost(doors);
  const attachments = new Attachments(journal);
  const standing = () => attachments.all().map(({ plan }) => plan);
  const node = new NodeRunner({ kernel, journal, clock, log, standing, lack }, config);
  const policy = poolPolicy(doors);
  const { pool: adopted, disputes } = adopt(journal.memory(), { policy, ranges: node.ranges }, clock.now());
  for (const dispute of disputes) log.error('two records of one address', { ...dispute });
  const history = new History(clock);
  const { pool, cloud, nics } = poolAndCloud(doors, { adopted, attachments, history, node, kernel });
  for (const record of attachments.all()) history.note(whom(record), { kind: 'adopted' });
  const lanes = new Lanes();
  const settings = () => node.config.repair;
  const repairer = new Repairer({ kernel, clock, log, meter, history, lanes, attachments, node, settings });
  const branches = openBranches(doors, { attachments, history, kernel, pool });
  const basis = { kernel, clock, journal, attachments, pool, node, history, ...(branches && { branches }) };
  const del = async (id: AttachmentId, netns: string, needless: () => boolean) => {
    const work = async () => (needless() ? undefined : detachFrom({ ...basis, log }, id, netns));
    const record = await lanes.run(id.split('/')[1] ?? id, work);
    if (record === undefined) return;
    history.note(whom(record), { kind: 'spooled' });
    log.info('detached', { id, ips: record.addresses, from: 'spool' });
  };
  const spool = new SpoolRunner({ spool: doors.spool, clock, log, del });
  const pods = openPods(doors, basis);
  const podGone = pods && ((record: AttachmentRecord) => pods.isGone(record));
  const sweeper = new Sweeper({ ...basis, lanes, log, podGone });
  const onCloud = cloud === undefined || nics === undefined ? {} : { cloud, nics };
  const inCluster = cluster === undefined || pods === undefined ? undefined : { cluster, pods };
  const podGroups = branches && pods && openPodGroups(doors, { pods, branches, node });
  const teller = inCluster && openTeller(doors, inCluster, { ...basis, repairer });
  const podIps = pods && openPodIps(doors, { attachments, pods, history });
  const statics = openStatics(doors, { pool, history, nics, cluster });
  const nicConfigs = openNicConfigs(doors, { pool, history, cluster });
  if (statics !== undefined) cloud?.heed(statics);
  const told = {
    ...(teller === undefined ? {} : { teller }),
    ...(podIps === undefined ? {} : { podIps }),
    ...(statics && { statics }),
    ...(nicConfigs && { nicConfigs }),
    ...(podGroups && { podGroups }),
  };
  const configs = new ConfigReader();
  return { ...basis, doors, log, meter, configs, lanes, repairer, spool, sweeper, ...onCloud, ...inCluster, ...told };
}

function poolPolicy({ config, provider, journal }: AgentDoors): PoolPolicy {
  const { cooldownMs, waitingLimit } = config.pool;
  if (provider === undefined) return { cooldownMs, waitingLimit };
  const placing = firstPlacing(config.cloud, journal.memory().learnt);
  const { podGroups, keepTrunkSlot: kept } = config.cloud;
  const keepTrunkSlot = kept || podGroups !== 'off';
  return { cooldownMs, waitingLimit, cloud: { ...config.cloud, keepTrunkSlot, owner: config.nodeName, placing } };
}

/** The pool, and where the node has a cloud, what stands between the two. */
function poolAndCloud(
  { provider, journal, clock, log, meter, config }: AgentDoors,
  of: { adopted: Pool; attachments: Attachments; history: History; node: NodeRunner; kernel: Kernel },
): { pool: PoolRunner; cloud?: CloudRunner; nics?: NicRunner } {
  const { adopted, attachments, history, node, kernel } = of;
  if (provider === undefined) return { pool: new PoolRunner(adopted, { attachments, clock }) };
  const pool = new PoolRunner(adopted, { attachments, clock, cloud: (effect) => cloud.perform(effect) });
  const nics = new NicRunner({ kernel, journal, clock, log, node }, adopted.cloud?.nics ?? []);
  const vpcRanges = (ranges: readonly Prefix[]) => node.setVpcRanges(ranges).catch(() => {}); // said, and tried again
  const cloud: CloudRunner = new CloudRunner({
    ...{ nodeName: config.nodeName, provider, journal, clock, log, meter },
    ...{ history, pool, nics, vpcRanges, collects: config.cloud.collectLeaked },
  });
  return { pool, cloud, nics };
}

/** Attachments that the kernel has and memory has not are taken on, so that no address is given twice. */
async function rescueLost({ kernel, journal, clock, log }: AgentDoors): Promise<void> {
  const known = new Set(journal.memory().attachments.keys());
  for (const attachment of lostAttachments(await kernel.inventory(), known, clock.now())) {
    log.warn('rescued', { id: attachment.id, ips: attachment.addresses });
    await journal.append([{ kind: 'claim', attachment }]);
  }
}
