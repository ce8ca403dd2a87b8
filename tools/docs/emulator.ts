import { ACTIONS } from '../../emulator/dialects/aws/actions.ts';
import { INSTANCE_TYPES } from '../../emulator/dialects/aws/instance-types.ts';
import { OPERATOR_QUESTIONS } from '../../emulator/server/admin.ts';
import { code, markdownTable } from './table.ts';

/** EC2's actions that are there. */
export function emulatorActions(): string {
  const names = [...ACTIONS.keys()].toSorted();
  return `${names.map(code).join(' ')}\n\n(${names.length} actions; ${INSTANCE_TYPES.size} instance types.)`;
}

const MEANINGS: Readonly<Record<string, string>> = {
  'GET /v1/cloud': 'What there is, in short: `describe`.',
  'GET /v1/instances': 'The instances and, where there are packets, how to enter them.',
  'GET /v1/state': 'The whole state: `save`.',
  'PUT /v1/state': 'Goes on from a state: `load`.',
  'GET /v1/faults': 'What goes wrong now.',
  'POST /v1/faults':
    'Lets something go wrong: `{"what": {"kind": "throttle"}, "scope": {"action": "…"}, "left": 3}`; `forMs`, `chance`, `name`.',
  'DELETE /v1/faults': 'Ends one (`?name=`) or all.',
  'POST /v1/requests':
    'Does something in no account\'s name, which nothing counts or stops: `{"do": "detach-nic", "of": {"nic": "eni-…"}}`.',
  'GET /v1/drops': 'Dropped packets, by kind and with a sentence each.',
  'DELETE /v1/drops': 'Forgets them.',
  'GET /v1/calls': 'Calls by action, who made them (an instance by its role, or an access key), and how they ended.',
  'DELETE /v1/calls': 'Forgets them.',
  'GET /v1/time': 'The time there.',
  'POST /v1/time': 'Lets `{"ms": …}` pass at once.',
  'POST /v1/settle': 'Answers when packets go as the state says.',
};

/** The operator's questions. */
export function emulatorQuestions(): string {
  const rows = OPERATOR_QUESTIONS.map((question) => [code(question), MEANINGS[question] ?? '']);
  const silent = rows.find(([, meaning]) => meaning === '');
  if (silent !== undefined) throw new Error(`tools/docs/emulator.ts says nothing of ${silent[0]}`);
  return markdownTable(['question', 'what it does'], rows);
}
