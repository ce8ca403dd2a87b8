// npm start: three nodes on this machine, each with its own agent and ranges, pods attached through the real CNI
// executable, and a tour.
// Everything lives in namespaces of one process tree: when that ends, however it ends, the kernel takes all of it back.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startAgents } from './demo/agents.ts';
import { buildFabric, OUTSIDE } from './demo/fabric.ts';
import { startPod, stopPod, type DemoPod } from './demo/pods.ts';
import { Talker } from './demo/processes.ts';
import { doing } from './demo/table.ts';
import { showCommands, showEgress, showMatrix, showPods, showRefusal, showRepair } from './demo/tour.ts';

const FOLDER = `${tmpdir()}/berth-demo-${process.getuid?.() ?? 0}`;
const OWNER = `${FOLDER}/owner`; // the process whose end is everybody's end: pid and start time
const PODS_PER_NODE = 2;
const GONE_MS = 10_000;

if (process.argv.includes('--inside')) await tour(process.argv.includes('--once'));
else await launch();

/** Enters namespaces of our own, after taking away what an earlier demo left. */
async function launch(): Promise<void> {
  await endLeftover();
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const root = process.getuid?.() === 0;
  const spaces = [
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--mount-proc',
    '--kill-child=KILL',
    '--propagation',
    'private',
  ];
  const user = root ? [] : ['--user', '--map-root-user'];
  const self = [process.execPath, 'tools/demo.ts', '--inside', ...process.argv.slice(2)];
  const child = spawn('unshare', [...user, ...spaces, '--', ...self], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, BERTH_DEMO_FOLDER: FOLDER },
  });
  const owner = child.pid === undefined ? '' : `${child.pid} ${startTime(child.pid)}`;
  writeFileSync(OWNER, owner);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.stdin.end());
  const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
  // a later start may have ended us, and have the folder now
  if (existsSync(OWNER) && readFileSync(OWNER, 'utf8') === owner) removeFolder();
  process.exitCode = code;
}

/** Ends the process tree of a demo whose launcher was killed: its number must still belong to the same process. */
async function endLeftover(): Promise<void> {
  if (existsSync(OWNER)) {
    const [pid = '', since = ''] = readFileSync(OWNER, 'utf8').split(' ');
    if (since !== '' && startTime(Number(pid)) === since) await endTree(Number(pid));
  }
  removeFolder();
}

/** Kills the owner. Its child, the first of the PID namespace, ends last of all in there. */
async function endTree(owner: number): Promise<void> {
  const children = readFileSync(`/proc/${owner}/task/${owner}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const firsts = children.map((pid) => ({ pid, since: startTime(pid) }));
  process.kill(owner, 'SIGKILL');
  const until = performance.now() + GONE_MS;
  while (firsts.some(({ pid, since }) => startTime(pid) === since) && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Moves it out of the way first: whoever makes it anew meanwhile must not lose his. */
function removeFolder(): void {
  const away = `${FOLDER}-${process.pid}`;
  if (!existsSync(FOLDER)) return;
  renameSync(FOLDER, away);
  rmSync(away, { recursive: true, force: true, maxRetries: 10 });
}

/** Field 22 of /proc/<pid>/stat, "" when there is no such process, or it only waits to be fetched by its parent. */
function startTime(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/**
 * The tour itself, as root of our own namespaces. Ends when the launcher closes our stdin, or after the tour with
 * --once.
 */
async function tour(once: boolean): Promise<void> {
  const folder = process.env['BERTH_DEMO_FOLDER'] ?? FOLDER;
  const ended = new Promise<void>((resolve) => process.stdin.on('end', resolve).on('error', resolve).resume());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // the launcher tells us
  ended.then(
    () => setTimeout(() => process.exit(1), 20_000).unref(),
    () => {},
  ); // a tour that hangs ends all the same
  await doing('a fabric: two switches, a router, three nodes, a host outside', buildFabric);
  const outside = await Talker.start(OUTSIDE.name, 'tools/demo/pod.ts');
  const agents = await doing('three agents', () => startAgents(folder));
  const pods: DemoPod[] = [];
  await doing(`${PODS_PER_NODE * agents.length} pods`, async () => {
    for (const agent of agents)
      for (let i = 1; i <= PODS_PER_NODE; i++) pods.push(await startPod(agent, `${agent.node.name}-pod${i}`));
  });
  const [first] = pods;
  if (first === undefined) throw new Error('the demo has no pods');
  showPods(pods);
  await showMatrix(pods);
  await showEgress(first);
  await showRefusal(first);
  await showRepair(first);
  if (!once) {
    showCommands(agents, first);
    await ended;
  }
  await doing('everything taken down', async () => {
    for (const pod of pods) stopPod(pod);
    outside.stop();
    for (const agent of agents) agent.process.kill('SIGTERM');
    await Promise.all(agents.map(({ process: agent }) => gone(agent)));
  });
  process.exit(0);
}

/** Resolves when a process has ended, at once when it has already. */
function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
