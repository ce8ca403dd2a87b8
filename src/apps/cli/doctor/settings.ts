import { isDeepStrictEqual } from 'node:util';
import { configFile } from '../../../io/config/agent-file.ts';
import type { Finding } from '../../../wire/agent/status.ts';
import { doubtful, type NodeView } from './view.ts';

/** Of the file alone: what an agent learns of the cluster changes none of them, and no command does. */
const KEPT = ['provider', 'pool', 'cloud', 'aws', 'repair'] as const;

/** An agent goes on as before when its file is taken away, and its next start is another. */
export function checkSettings({ config, settings }: NodeView): readonly Finding[] {
  const { file, there, running } = settings;
  if (there || running === undefined) return [];
  const [next, now] = [configFile(config), running].map((it) => JSON.parse(JSON.stringify(it)) as Settings);
  const other = KEPT.filter((key) => !isDeepStrictEqual(next?.[key], now?.[key]));
  if (other.length === 0) return [];
  const says = `the agent goes on with a ${file} that is gone: without it its next start has another ${other.join(', ')}`;
  return [doubtful('config', says, 'put it back; in a cluster it is the ConfigMap berth')];
}

type Settings = Readonly<Record<string, unknown>>;
