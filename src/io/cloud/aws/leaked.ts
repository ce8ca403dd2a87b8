import { CreateTagsCommand, DeleteNetworkInterfaceCommand, type NetworkInterface } from '@aws-sdk/client-ec2';
import type { Clock, Millis } from '../../../base/clock.ts';
import type { NicId } from '../../../core/ipam/nic.ts';
import { CloudError } from '../provider.ts';
import type { Ec2 } from './ec2.ts';
import { describeNics } from './nics.ts';
import { type AwsSettings, TAG_CLUSTER, TAG_CREATED, TAG_INSTANCE, TAG_SWEEPER } from './settings.ts';

const OLD_ENOUGH_MS = 5 * 60_000; // younger ones are on their way to their instance
const CLAIM_LASTS_MS = 10 * 60_000;
const SETTLE_MS = 3_000; //  tags are told late: who still stands there after so long, sweeps

export interface SweepDoors {
  readonly ec2: Ec2;
  readonly sweeper: Sweeper;
  readonly settings: AwsSettings;
  readonly clock: Clock;
}

/** Who sweeps, and where. */
export interface Sweeper {
  readonly name: string; //      no other that sweeps has it
  readonly instance?: string; // absent: of no instance, and without a cluster nothing is its own
  readonly vpc?: string; //      absent: wherever the cluster's NICs are
}

/**
 * Deletes NICs that an instance of this cluster made and lost: with our tags, attached to nothing, and old. Each is
 * claimed by a tag first and looked at again, so that of many instances one acts (A40). Throws CloudError.
 */
export async function collectLeaked(doors: SweepDoors, atMost: number): Promise<readonly NicId[]> {
  const { settings, clock, sweeper, ec2 } = doors;
  const filters = [
    { Name: 'status', Values: ['available'] },
    ...(sweeper.vpc === undefined ? [] : [{ Name: 'vpc-id', Values: [sweeper.vpc] }]),
    { Name: 'tag-key', Values: [TAG_INSTANCE] },
    ...(settings.cluster === '' ? [] : [{ Name: `tag:${TAG_CLUSTER}`, Values: [settings.cluster] }]),
  ];
  const found = await describeNics(ec2, filters, 'housekeeping');
  const all = found.filter((nic) => isLeaked(nic, sweeper, settings, clock.now()));
  // another one first each time: those that cannot go keep none that can
  const first = all.length === 0 ? 0 : Math.floor(clock.now() / 1_000) % all.length;
  const leaked = [...all.slice(first), ...all.slice(0, first)].slice(0, atMost);
  const deleted: NicId[] = [];
  const failures: CloudError[] = [];
  for (const nic of leaked) {
    const id = nic.NetworkInterfaceId ?? '';
    if (!(await claims(doors, id))) continue;
    try {
      await ec2.ask({ action: 'DeleteNetworkInterface', urgency: 'housekeeping', again: true }, (client) =>
        client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id })),
      );
      deleted.push(id as NicId);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.kind === 'denied' || error.kind === 'limit') failures.push(error);
      else if (error.kind !== 'gone' && error.kind !== 'busy') throw error;
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return deleted;
}

/** One whose time of making cannot be read is left for a person. Without a cluster only our own are ours. */
function isLeaked(nic: NetworkInterface, sweeper: Sweeper, settings: AwsSettings, now: Millis): boolean {
  const tags = tagsOf(nic);
  const at = Date.parse(tags[TAG_CREATED] ?? '');
  const mine = settings.cluster !== '' || tags[TAG_INSTANCE] === sweeper.instance;
  return mine && nic.Attachment === undefined && now - at > OLD_ENOUGH_MS && !isClaimed(tags, sweeper, now);
}

function isClaimed(tags: Readonly<Record<string, string>>, sweeper: Sweeper, now: Millis): boolean {
  const [by, at] = (tags[TAG_SWEEPER] ?? '').split('@');
  return by !== '' && by !== sweeper.name && now - Date.parse(at ?? '') < CLAIM_LASTS_MS;
}

/** The tag holds one name: who wrote last and is still read after a while, has it. */
async function claims({ ec2, sweeper, clock }: SweepDoors, id: string): Promise<boolean> {
  const claim = `${sweeper.name}@${new Date(clock.now()).toISOString()}`;
  try {
    await ec2.ask({ action: 'CreateTags', urgency: 'housekeeping', again: true }, (client) =>
      client.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: TAG_SWEEPER, Value: claim }] })),
    );
  } catch (error) {
    if (error instanceof CloudError && error.kind === 'gone') return false; // another one has swept
    throw error;
  }
  await new Promise<void>((resolve) => {
    clock.timer(SETTLE_MS, resolve);
  });
  const [now] = await describeNics(ec2, [{ Name: 'network-interface-id', Values: [id] }], 'housekeeping');
  // a branch NIC that a trunk carries has no attachment
  return now?.Status === 'available' && now.Attachment === undefined && tagsOf(now)[TAG_SWEEPER] === claim;
}

function tagsOf(nic: NetworkInterface): Readonly<Record<string, string>> {
  return Object.fromEntries((nic.TagSet ?? []).map(({ Key: key = '', Value: value = '' }) => [key, value]));
}
