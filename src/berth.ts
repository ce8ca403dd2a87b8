import { runAgent } from './apps/node-agent/main.ts';

const [command, flag, configPath = ''] = process.argv.slice(2);
if (command !== 'agent' || flag !== '--config') throw new Error('usage: berth agent --config FILE');
await runAgent({ configPath, version: '0.1.0' });
