import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AT_ONCE } from '../../emulator/dialects/aws/rules.ts';
import { type Ec2, openEc2, refusal } from './ec2.ts';
import { operated } from './running.ts';

// What takes time in a cloud, as a client sees it: states on their way, and what is seen later than it is done.

const LATE_MS = 1_000;
const ATTACH_MS = 2_000;
const DETACH_MS = 3_000;
const LAUNCH_MS = 10_000;
const END_MS = 20_000;

describe('a NIC and an instance on their way', () => {
  let it: Ec2;
  let client: ec2.EC2Client;
  let SubnetId: string;
  beforeAll(async () => {
    it = await openEc2({
      ...AT_ONCE,
      delays: {
        attach: [ATTACH_MS, ATTACH_MS],
        detach: [DETACH_MS, DETACH_MS],
        launch: [LAUNCH_MS, LAUNCH_MS],
        terminate: [END_MS, END_MS],
        describe: [LATE_MS, LATE_MS],
        metadata: [0, 0],
      },
    });
    ({ client } = it);
    const Filters = [{ Name: 'tag:Name', Values: ['a'] }];
    SubnetId = (await client.send(new ec2.DescribeSubnetsCommand({ Filters }))).Subnets?.[0]?.SubnetId ?? '';
  });
  afterAll(() => it.close());

  const pass = (ms: number) => it.emulator.world.pass(ms);
  const seen = async (...NetworkInterfaceIds: string[]) => {
    const found = await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }));
    return found.NetworkInterfaces?.[0];
  };
  const newNic = async (more: Partial<ec2.CreateNetworkInterfaceCommandInput> = {}) =>
    (await client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId, ...more }))).NetworkInterface
      ?.NetworkInterfaceId ?? '';

  test('a NIC just made is not found, by id or by filter, and is there for what is done to it', async () => {
    const nic = await newNic({ Description: 'late' });
    expect(await refusal(seen(nic))).toMatchObject({ code: 'InvalidNetworkInterfaceID.NotFound' });
    const byFilter = new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'description', Values: ['late'] }] });
    expect((await client.send(byFilter)).NetworkInterfaces).toEqual([]);
    const assign = { NetworkInterfaceId: nic, SecondaryPrivateIpAddressCount: 1 };
    await client.send(new ec2.AssignPrivateIpAddressesCommand(assign));
    pass(LATE_MS);
    expect((await client.send(byFilter)).NetworkInterfaces).toHaveLength(1);
    expect((await seen(nic))?.PrivateIpAddresses).toHaveLength(2);
  });

  test('attaching, attached, detaching, available: each for its time, and each seen late', async () => {
    const nic = await newNic();
    const InstanceId = it.emulator.instanceCalled('node-1');
    const { AttachmentId } = await client.send(
      new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId: nic, InstanceId, DeviceIndex: 1 }),
    );
    const state = async () => {
      const now = await seen(nic);
      return [now?.Status, now?.Attachment?.Status];
    };
    pass(LATE_MS);
    expect(await state()).toEqual(['in-use', 'attaching']);
    pass(ATTACH_MS);
    expect(await state()).toEqual(['in-use', 'attached']);
    await client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId }));
    pass(LATE_MS);
    expect(await state()).toEqual(['in-use', 'detaching']);
    expect(
      await refusal(client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic }))),
    ).toMatchObject({ code: 'InvalidParameterValue', text: `Network interface '${nic}' is currently in use.` });
    pass(DETACH_MS);
    expect(await state()).toEqual(['available', undefined]);
    await client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic }));
    expect(await state()).toEqual(['available', undefined]);
    pass(LATE_MS);
    expect(await refusal(seen(nic))).toMatchObject({ code: 'InvalidNetworkInterfaceID.NotFound' });
  });

  test('an instance is pending, runs, shuts down and is terminated; a NIC that is to stay stays', async () => {
    const kept = await newNic();
    const run = { ImageId: 'ami-1', InstanceType: 'm5.large', MinCount: 1, MaxCount: 1, SubnetId } as const;
    const asked = () => client.send(new ec2.RunInstancesCommand({ ...run, ClientToken: 'one' }));
    const [made] = (await asked()).Instances ?? [];
    expect(made?.State).toEqual({ Code: 0, Name: 'pending' });
    expect((await asked()).Instances?.[0]?.InstanceId).toBe(made?.InstanceId); // the same token, the same instance
    expect(made?.ClientToken).toBe('one');
    const InstanceId = made?.InstanceId ?? '';
    const state = async () => {
      const found = await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
      expect(found.Reservations?.[0]?.Instances?.[0]?.ClientToken).toBe('one');
      return found.Reservations?.[0]?.Instances?.[0]?.State;
    };
    pass(LAUNCH_MS + LATE_MS);
    expect(await state()).toEqual({ Code: 16, Name: 'running' });
    await client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId: kept, InstanceId, DeviceIndex: 1 }));
    pass(ATTACH_MS + LATE_MS);
    const ending = await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(ending.TerminatingInstances?.[0]).toMatchObject({
      CurrentState: { Code: 32, Name: 'shutting-down' },
      PreviousState: { Code: 16, Name: 'running' },
    });
    pass(END_MS + LATE_MS);
    expect(await state()).toEqual({ Code: 48, Name: 'terminated' });
    expect((await seen(kept))?.Status).toBe('available');
    const primary = made?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
    expect(await refusal(seen(primary))).toMatchObject({ code: 'InvalidNetworkInterfaceID.NotFound' });
  });
});

describe('an emulator that ends and starts again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-state-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const nics = async (by: ec2.EC2Client) =>
    (await by.send(new ec2.DescribeNetworkInterfacesCommand({}))).NetworkInterfaces ?? [];

  test('goes on where it was, when it has a file for its state', async () => {
    const state = join(folder, 'state.json');
    const first = await operated({ state });
    const { Subnets } = await first.client.send(new ec2.DescribeSubnetsCommand({}));
    await first.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: Subnets?.[0]?.SubnetId }));
    const before = await nics(first.client);
    await first.close();
    const second = await operated({ state });
    expect(await nics(second.client)).toEqual(before);
    await second.close();
  });

  test('saves and loads by command, and is the same again by its seed', async () => {
    const [one, two] = [await operated({ seed: 3 }), await operated({ seed: 3 })];
    const ids = async (by: ec2.EC2Client) => (await nics(by)).map((nic) => nic.NetworkInterfaceId);
    expect(await ids(one.client)).toEqual(await ids(two.client));
    const { Subnets } = await one.client.send(new ec2.DescribeSubnetsCommand({}));
    await one.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: Subnets?.[0]?.SubnetId }));
    const saved = JSON.parse((await one.command('save')).stdout) as unknown;
    expect((await two.admin('PUT /v1/state', saved)).status).toBe(200);
    expect(await nics(two.client)).toEqual(await nics(one.client));
    await Promise.all([one.close(), two.close()]);
  });
});
