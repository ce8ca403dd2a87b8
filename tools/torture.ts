// npm run torture -- --kills 1000: the agent is killed with SIGKILL at random instants while pods come and go, and
// nothing may be lost.
// Watched from outside: what the CNI executable answered, what stands in the kernel, and what the agent says when all
// pods are gone.
import { spawn } from 'node:child_process';
import { countTraces, PODS, type Report, TortureNode } from './torture/node.ts';
import { Churn } from './torture/churn.ts';

const args = process.argv.slice(2);
const kills = Number(args[args.indexOf('--kills') + 1] ?? 0) || 1_000;
const seed = Number(args[args.indexOf('--seed') + 1] ?? 0) || Date.now() % 1_000_000;

if (args.includes('--inside')) await torture();
else await launch();

/** Namespaces of our own, which end with the process that made them. */
async function launch(): Promise<void> {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
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
  const self = [process.execPath, 'tools/torture.ts', '--inside', '--kills', `${kills}`, '--seed', `${seed}`];
  const child = spawn('unshare', [...user, ...spaces, '--', ...self], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

async function torture(): Promise<void> {
  console.log(`${kills} kills of the agent under load, seed ${seed}`);
  const node = await TortureNode.make();
  const churn = new Churn(node, seed, PODS);
  const running = churn.run();
  for (let i = 1; i <= kills; i++) {
    await pause(churn.random.fraction() * 150);
    await node.kill();
    await node.start();
    if (i % 50 === 0) console.log(`${i} kills: ${churn.added} ADDs, ${churn.deleted} DELs, ${churn.again} asked again`);
  }
  churn.stop();
  await running;
  const open = await descriptorsAfter(node, churn);
  // the same load twice: what stays open the second time is lost
  const grown = (await descriptorsAfter(node, churn)) - open;
  const report: Report = { ...countTraces(), ...(await node.counts()), descriptors: grown };
  await node.end();
  const faults = [...churn.faults, ...judge(report, churn)];
  for (const fault of faults) console.error(fault);
  console.log(
    JSON.stringify({
      kills,
      seed,
      added: churn.added,
      deleted: churn.deleted,
      again: churn.again,
      ...report,
      violations: faults.length,
    }),
  );
  process.exit(faults.length === 0 ? 0 : 1);
}

/** Open files of the agent when all is quiet after some load. */
async function descriptorsAfter(node: TortureNode, churn: Churn): Promise<number> {
  const running = churn.run();
  await pause(1_500);
  churn.stop();
  await running;
  await node.settled();
  return node.descriptors();
}

/** Everything that must be as it was before the first pod. */
function judge(report: Report, { added, deleted }: Churn): string[] {
  const left = Object.entries(report).filter(([name, count]) => (name === 'descriptors' ? count > 3 : count !== 0));
  const faults = left.map(([name, count]) => `left behind: ${count} ${name}`);
  if (added < kills || deleted < kills)
    faults.push(`too little load: ${added} ADDs and ${deleted} DELs for ${kills} kills`);
  return faults;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
