// Started by fabric-life.test.ts: a fabric in a process of its own, that says which processes it began, and waits.
import { Fabric } from '../../emulator/fabric/fabric.ts';
import { id, SmallCloud } from './small-cloud.ts';

const cloud = new SmallCloud();
cloud.subnet('subnet-a', 'z1', '10.0.1.0/24');
cloud.machine('a', 'subnet-a', '10.0.1.10');
cloud.machine('b', 'subnet-a', '10.0.1.11');
const fabric = await Fabric.open();
await fabric.reconcile(cloud);
const machines = [fabric.machine('internet'), fabric.machine(id('i-a')), fabric.machine(id('i-b'))];
const [a] = machines.slice(1);
console.log(JSON.stringify({ pids: machines.map((machine) => machine?.pid), enter: a?.entering(['true']) }));
if (process.argv.includes('--and-end')) await fabric.close();
else setInterval(() => {}, 60_000);
