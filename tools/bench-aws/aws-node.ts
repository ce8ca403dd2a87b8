import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachNetworkInterfaceCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import type { Millis } from '../../src/base/clock.ts';
import { type Random, seeded } from '../../src/base/random.ts';
import type { AwsNetwork } from '../../src/io/cloud/aws/provider.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import {
  addPod,
  type AwsNodeCall,
  type AwsNodePool,
  type AwsNodeSettings,
  bornPool,
  called,
  refusedAsEmpty,
  removePod,
  TICK_MS,
  tickCalls,
} from './aws-node-model.ts';
import type { Node } from './node.ts';
import type { Region } from './region.ts';

const ATTEMPTS = 10; //            of one call, in a node agent of AWS
const LONGEST_PAUSE_MS = 20_000; // the SDK's, between two of them
const FIRST_LOOK_MS = 100; //      at metadata for a new ENI; each later one after twice as long
const BEFORE_DELETE_MS = 2_000; // after a detach
const DELETE_AGAIN_MS = 500;

/**
 * aws-node on an instance of the region: its loop, its decisions by the model, its calls by the SDK. It is shown at its
 * best: a pod has its address the moment the pool has it, not when the kubelet asks again, and what it does besides
 * costs no time.
 */
export class AwsNode implements Node {
  readonly #region: Region;
  readonly #instance: Id;
  readonly #network: AwsNetwork;
  readonly #client: EC2Client;
  readonly #settings: AwsNodeSettings;
  readonly #random: Random;
  readonly #waiting: { readonly pod: string; readonly served: () => void }[] = [];
  #pool: AwsNodePool = bornPool('');
  #subnet = '';
  #groups: string[] = [];
  #stopped = false;

  private constructor(region: Region, of: { name: string; account: string; settings: AwsNodeSettings }) {
    this.#region = region;
    this.#instance = region.instance(of.name);
    this.#network = region.networkOf(this.#instance, of.account);
    const { ec2, keys } = this.#network;
    const credentials = keys === undefined ? {} : { credentials: keys };
    this.#client = new EC2Client({ region: 'eu-west-1', maxAttempts: 1, requestHandler: ec2, ...credentials });
    this.#settings = of.settings;
    this.#random = seeded(of.name.length + 1);
  }

  /** Learns of its primary ENI, fills the pool once as its start does, and goes on by ticks. */
  static async start(
    region: Region,
    of: { name: string; account: string; settings: AwsNodeSettings },
  ): Promise<AwsNode> {
    const node = new AwsNode(region, of);
    const [primary] = await node.#nics();
    node.#pool = { ...bornPool(primary?.NetworkInterfaceId ?? ''), blockedUntil: 0 };
    node.#subnet = primary?.SubnetId ?? '';
    node.#groups = (primary?.Groups ?? []).flatMap(({ GroupId: id }) => id ?? []);
    void node.#live();
    return node;
  }

  add(pod: string): Promise<void> {
    return new Promise((served) => {
      this.#waiting.push({ pod, served });
      this.#serve();
    });
  }

  remove(pod: string): Promise<void> {
    this.#pool = removePod(this.#pool, pod, this.#now);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return Promise.resolve();
  }

  get #now(): Millis {
    return this.#region.clock.now();
  }

  /** One tick at the start, then: 2.5 s, the pool, 2.5 s, the reconciliation, which asks metadata alone. */
  async #live(): Promise<void> {
    while (!this.#stopped) {
      for (const call of tickCalls(this.#pool, this.#settings, this.#now)) await this.#carryOut(call);
      this.#serve();
      await this.#pause(TICK_MS / 2);
      this.#serve(); // what has cooled meanwhile
      await this.#pause(TICK_MS / 2);
    }
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { pool, address } = addPod(this.#pool, first.pod, this.#now);
      if (address === undefined) return;
      this.#pool = pool;
      this.#waiting.shift();
      first.served();
    }
  }

  async #carryOut(call: AwsNodeCall): Promise<void> {
    switch (call.kind) {
      case 'assign':
        return this.#tell(call, { slots: await this.#assign(call.eni, call.count), eni: '' });
      case 'createEni':
        return this.#tell(call, await this.#create(call.count));
      case 'unassign': // out of the pool first, so that no pod gets what is leaving
        this.#tell(call, { slots: [], eni: '' });
        return this.#unassign(call.eni, call.slots);
      case 'deleteEni':
        this.#tell(call, { slots: [], eni: '' });
        return this.#delete(call.eni);
    }
  }

  #tell(call: AwsNodeCall, of: { slots: readonly string[]; eni: string }): void {
    this.#pool = called(this.#pool, call, { ...of, now: this.#now });
  }

  async #assign(eni: string, count: number): Promise<readonly string[]> {
    const command = new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: eni, ...this.#wish(count) });
    try {
      const answer = await this.#ask(() => this.#client.send(command));
      const prefixes = (answer.AssignedIpv4Prefixes ?? []).flatMap(({ Ipv4Prefix: it }) => it ?? []);
      return [...prefixes, ...(answer.AssignedPrivateIpAddresses ?? []).flatMap((it) => it.PrivateIpAddress ?? [])];
    } catch (error) {
      if (!nameOf(error).startsWith('Insufficient')) throw error;
      this.#pool = refusedAsEmpty(this.#pool, this.#now);
      return [];
    }
  }

  /** Made, attached, made to end with the instance, and awaited in metadata, in this order. */
  async #create(count: number): Promise<{ slots: readonly string[]; eni: string }> {
    const filters = [{ Name: 'subnet-id', Values: [this.#subnet] }];
    await this.#ask(() => this.#client.send(new DescribeSubnetsCommand({ Filters: filters })));
    const input = { SubnetId: this.#subnet, Groups: this.#groups, ...this.#wish(count) };
    const { NetworkInterface: made = {} } = await this.#ask(() =>
      this.#client.send(new CreateNetworkInterfaceCommand(input)),
    );
    const eni = made.NetworkInterfaceId ?? '';
    await this.#ask(() => this.#client.send(new DescribeInstancesCommand({ InstanceIds: [this.#instance] })));
    const place = { InstanceId: this.#instance, NetworkInterfaceId: eni, DeviceIndex: this.#pool.enis.length };
    const { AttachmentId } = await this.#ask(() => this.#client.send(new AttachNetworkInterfaceCommand(place)));
    const Attachment = { AttachmentId: AttachmentId ?? '', DeleteOnTermination: true };
    const change = { NetworkInterfaceId: eni, Attachment };
    await this.#ask(() => this.#client.send(new ModifyNetworkInterfaceAttributeCommand(change)));
    await this.#told(made.MacAddress ?? '');
    const prefixes = (made.Ipv4Prefixes ?? []).flatMap(({ Ipv4Prefix: it }) => it ?? []);
    const addresses = (made.PrivateIpAddresses ?? []).flatMap((it) => (it.Primary ? [] : (it.PrivateIpAddress ?? [])));
    return { slots: [...prefixes, ...addresses], eni };
  }

  async #unassign(eni: string, slots: readonly string[]): Promise<void> {
    const what = this.#settings.prefixes ? { Ipv4Prefixes: [...slots] } : { PrivateIpAddresses: [...slots] };
    const command = new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: eni, ...what });
    await this.#ask(() => this.#client.send(command));
  }

  async #delete(eni: string): Promise<void> {
    const attachment = (await this.#nics()).find((it) => it.NetworkInterfaceId === eni)?.Attachment?.AttachmentId;
    await this.#ask(() => this.#client.send(new DetachNetworkInterfaceCommand({ AttachmentId: attachment })));
    await this.#pause(BEFORE_DELETE_MS);
    const remove = () => this.#client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni }));
    for (let tries = 0; ; tries++) {
      try {
        return void (await this.#ask(remove));
      } catch (error) {
        if (!/InUse/.test(nameOf(error))) throw error;
        await this.#pause(DELETE_AGAIN_MS * 2 ** tries);
      }
    }
  }

  /** When metadata shows the ENI. */
  async #told(mac: string): Promise<void> {
    for (let pause = FIRST_LOOK_MS; ; pause *= 2) {
      const path = `/latest/meta-data/network/interfaces/macs/${mac}/local-ipv4s`;
      if ((await this.#network.metadata('GET', path, {})).status === 200) return;
      await this.#pause(pause);
    }
  }

  async #nics() {
    const filters = [{ Name: 'attachment.instance-id', Values: [this.#instance] }];
    const answer = await this.#ask(() => this.#client.send(new DescribeNetworkInterfacesCommand({ Filters: filters })));
    return answer.NetworkInterfaces ?? [];
  }

  #wish(count: number): { Ipv4PrefixCount: number } | { SecondaryPrivateIpAddressCount: number } {
    return this.#settings.prefixes ? { Ipv4PrefixCount: count } : { SecondaryPrivateIpAddressCount: count };
  }

  /** The SDK's own patience with a throttling EC2: full jitter, longer each time. */
  async #ask<T>(send: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await send();
      } catch (error) {
        if (nameOf(error) !== 'RequestLimitExceeded' || tries === ATTEMPTS) throw error;
        await this.#pause(this.#random.fraction() * Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** tries));
      }
    }
  }

  #pause(ms: Millis): Promise<void> {
    return new Promise((resolve) => void this.#region.clock.timer(ms, resolve));
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
