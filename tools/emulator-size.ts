// How large the emulator is and how fast, through its server, against what was promised. Its last lines are a table.
//   node tools/emulator-size.ts [instances]     5,000 unless told, with 30 addresses each; as root with packets, too
//   node tools/emulator-size/core.ts [instances]     the state alone, without a server
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askSocket } from '../src/io/system/http-client.ts';
import { Caller } from './emulator-size/caller.ts';
import { type Emulated, emulated } from './emulator-size/process.ts';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'MiB' | 's';
  readonly bound?: number;
  readonly more?: string;
}

const STARTS = 7;
const CALLS = 500;
const BATCH = 100; //  instances of a call
const ZONES = ['us-east-1a', 'us-east-1b'];
const SUBNETS = 4; //  a /16 each
const MACHINES = 20;

/** What an agent looks for when it collects what others left. */
const LEAKED = {
  'Filter.1.Name': 'status',
  'Filter.1.Value.1': 'available',
  'Filter.2.Name': 'tag-key',
  'Filter.2.Value.1': 'node.k8s.amazonaws.com/instance_id',
  MaxResults: 1000,
};

const folder = mkdtempSync(join(tmpdir(), 'berth-size-'));
const instances = Number(process.argv[2] ?? 5_000);
try {
  const rows = [...(await starts('--no-packets')), ...(await state(instances))];
  if (process.getuid?.() === 0) rows.push(...(await starts()), ...(await packets(MACHINES)));
  else console.error('packets need root: not measured');
  console.log(table(rows));
  process.exitCode = rows.every(({ value, bound }) => bound === undefined || value < bound) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** From nothing to a cloud of three instances that answers: the first time in a clone, and later. */
async function starts(...words: readonly string[]): Promise<Row[]> {
  const [first, later]: [number[], number[]] = [[], []];
  for (let i = 0; i < STARTS; i++) {
    first.push(await startMs(words, justInstalled()));
    later.push(await startMs(words));
  }
  const how = words.length > 0 ? 'API and metadata' : 'with packets';
  return [
    { what: `the first start of a clone, ${how}`, ...spread(first), bound: 500 },
    { what: `starts, ${how}`, ...spread(later), bound: 500 },
  ];
}

async function startMs(words: readonly string[], cache?: string): Promise<number> {
  const it = await emulated(['--no-delays', ...words], cache);
  await it.close();
  return it.readyMs;
}

/** What tools/run.sh has compiled when the packages have come. */
function justInstalled(): string {
  const cache = mkdtempSync(join(folder, 'cache-'));
  execFileSync(process.execPath, ['tools/warm.ts'], { env: { ...process.env, NODE_COMPILE_CACHE: cache } });
  return cache;
}

/** Instances of two NICs with fifteen addresses each, made by RunInstances. */
async function state(count: number): Promise<Row[]> {
  const it = await emulated(['--no-packets', '--no-delays', '--no-quota', '--topology', wide(3 * count)]);
  const caller = new Caller(it.port);
  try {
    const began = performance.now();
    const ids = await filled(caller, count);
    const made = (performance.now() - began) / 1000;
    const rows: Row[] = [
      { what: `${count} instances, ${count * 30} addresses made`, value: made, unit: 's' },
      { what: 'the same: resident memory', value: it.residentMiB(), unit: 'MiB', bound: 500 },
      ...(await looks(caller, ids)),
      { what: 'after that: resident memory', value: it.residentMiB(), unit: 'MiB', bound: 500 },
    ];
    return rows;
  } finally {
    caller.close();
    await it.close();
  }
}

/** A region with room for all, and a quota that lets them in. */
function wide(nics: number): string {
  const subnets = Array.from({ length: SUBNETS }, (_, i) => ({
    name: `subnet-${i}`,
    zone: ZONES[i % ZONES.length],
    range: `10.${i}.0.0/16`,
    public: false,
  }));
  const vpcs = [{ name: 'wide', range: '10.0.0.0/8', subnets }];
  const path = join(folder, 'wide.json');
  writeFileSync(path, JSON.stringify({ zones: ZONES, quotas: { nics }, vpcs }));
  return path;
}

async function filled(caller: Caller, count: number): Promise<readonly string[]> {
  const subnets = every(await caller.call('DescribeSubnets'), 'subnetId');
  const ids: string[] = [];
  for (let at = 0; at < count; at += BATCH) {
    const SubnetId = subnets[(at / BATCH) % subnets.length] ?? '';
    const nic = (n: number) => ({
      [`NetworkInterface.${n}.DeviceIndex`]: n - 1,
      [`NetworkInterface.${n}.SubnetId`]: SubnetId,
      [`NetworkInterface.${n}.SecondaryPrivateIpAddressCount`]: 14,
      [`NetworkInterface.${n}.Description`]: `aws-K8S-node-${at}`,
    });
    const size = { MinCount: 1, MaxCount: Math.min(BATCH, count - at), ImageId: 'ami-1', InstanceType: 'm5.xlarge' };
    const tag = { 'TagSpecification.1.ResourceType': 'instance', 'TagSpecification.1.Tag.1.Key': 'batch' };
    const tags = { ...tag, 'TagSpecification.1.Tag.1.Value': `${at}` };
    ids.push(...every(await caller.call('RunInstances', { ...size, ...nic(1), ...nic(2), ...tags }), 'instanceId'));
  }
  return [...new Set(ids)];
}

async function looks(caller: Caller, ids: readonly string[]): Promise<Row[]> {
  const instance = (i: number) => ids[(i * 37) % ids.length] ?? '';
  const nics = 'DescribeNetworkInterfaces';
  const filter = (name: string, value: string) => ({ 'Filter.1.Name': name, 'Filter.1.Value.1': value });
  const [nic = ''] = every(
    await caller.call(nics, filter('attachment.instance-id', instance(0))),
    'networkInterfaceId',
  );
  let next = '';
  const page = async () => {
    const said = await caller.call(nics, { MaxResults: 100, ...(next === '' ? {} : { NextToken: next }) });
    next = every(said, 'nextToken')[0] ?? '';
  };
  const tagged = (i: number) => caller.call('DescribeInstances', filter('tag:batch', `${(i % 10) * BATCH}`));
  return [
    await timed('the NICs of one instance, by filter', 10, (i) =>
      caller.call(nics, filter('attachment.instance-id', instance(i))),
    ),
    await timed('a page of 100 NICs', 10, page),
    await timed('one NIC, by id', 10, () => caller.call(nics, { 'NetworkInterfaceId.1': nic })),
    await timed('100 instances, by tag among all', undefined, tagged, 100),
    await timed('NICs of nobody, by state and tag among all', undefined, () => caller.call(nics, LEAKED), 100),
    await timed('a NIC looked up, an address of it taken and given', 10, () => again(caller, nic)),
  ];
}

/** Three calls. */
async function again(caller: Caller, nic: string): Promise<void> {
  const fields = { NetworkInterfaceId: nic };
  const seen = await caller.call('DescribeNetworkInterfaces', { 'NetworkInterfaceId.1': nic });
  const [last = ''] = every(seen, 'privateIpAddress').slice(-1);
  await caller.call('UnassignPrivateIpAddresses', { ...fields, 'PrivateIpAddress.1': last });
  await caller.call('AssignPrivateIpAddresses', { ...fields, SecondaryPrivateIpAddressCount: 1 });
}

/** Machines with packets: until each is there with its NIC. */
async function packets(count: number): Promise<Row[]> {
  const it = await emulated(['--no-delays', '--no-quota']);
  const caller = new Caller(it.port);
  try {
    const [subnet = ''] = every(await caller.call('DescribeSubnets'), 'subnetId');
    const began = performance.now();
    const size = { MinCount: count - 3, MaxCount: count - 3, ImageId: 'ami-1', InstanceType: 'm5.large' };
    await caller.call('RunInstances', { ...size, SubnetId: subnet });
    await settle(it);
    const value = performance.now() - began;
    return [
      { what: `${count} instances with packets, made`, value, unit: 'ms' },
      { what: 'the same: resident memory', value: it.residentMiB(), unit: 'MiB', bound: 500 },
    ];
  } finally {
    caller.close();
    await it.close();
  }
}

async function settle({ admin }: Emulated): Promise<void> {
  const { status, text } = await askSocket({ socket: admin, ask: 'POST /v1/settle', timeoutMs: 60_000 });
  if (status !== 200) throw new Error(text);
}

/** The texts of all elements of a name. */
function every(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text);
}

async function timed(what: string, bound: number | undefined, run: (i: number) => Promise<unknown>, calls = CALLS) {
  for (let i = 0; i < 20; i++) await run(i); // warm
  const times: number[] = [];
  for (let i = 0; i < calls; i++) {
    const began = performance.now();
    await run(i);
    times.push(performance.now() - began);
  }
  return { what, ...spread(times), ...(bound === undefined ? {} : { bound }) };
}

function spread(times: readonly number[]): Pick<Row, 'value' | 'unit' | 'more'> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
  return { value: at(0.5), unit: 'ms', more: `99 %: ${at(0.99).toFixed(1)}, worst: ${at(1).toFixed(1)}` };
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ what, value, unit, bound, more = '' }) => {
    const limit = bound === undefined ? '' : `< ${bound} ${unit}`;
    return `| ${what} | ${value.toFixed(unit === 'MiB' ? 0 : 1)} ${unit} | ${limit} | ${more} |`;
  });
  return ['| what | median | promised | spread in ms |', '|---|---|---|---|', ...lines].join('\n');
}
