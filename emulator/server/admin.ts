import type { Request as CloudRequest } from '../cloud/request.ts';
import { SnapshotError } from '../cloud/shape.ts';
import { trouble } from '../cloud/state-shapes.ts';
import type { Trouble } from '../cloud/trouble.ts';
import type { Emulator } from './emulator.ts';
import type { Request, Response } from './http.ts';
import { machinesOf, summaryOf } from './summary.ts';

type Route = (emulator: Emulator, request: Request) => unknown;

/** The operator's side of an emulator, in JSON: docs/emulator.md has the same list. */
const ROUTES: Readonly<Record<string, Route>> = {
  'GET /v1/cloud': (emulator) => summaryOf(emulator.world.cloud),
  'GET /v1/instances': (emulator) => machinesOf(emulator),
  'GET /v1/state': ({ world }) => world.save(),
  'PUT /v1/state': ({ world }, { body }) => void world.load(body),
  'GET /v1/faults': ({ world }) => world.cloud.troubles,
  'POST /v1/faults': addFault,
  'DELETE /v1/faults': removeFaults,
  'POST /v1/requests': operate,
  'GET /v1/drops': ({ fabric }) => (fabric?.drops() ?? []).map((drop) => ({ ...drop, packets: Number(drop.packets) })),
  'DELETE /v1/drops': ({ fabric }) => fabric?.forgetDrops(),
  'GET /v1/calls': ({ calls }) => calls.all(),
  'DELETE /v1/calls': ({ calls }) => calls.forget(),
  'GET /v1/time': ({ world }) => ({ now: world.now() }),
  'POST /v1/time': passTime,
  'POST /v1/settle': (emulator) => emulator.settled(),
};

/** All that an operator can ask. */
export const OPERATOR_QUESTIONS: readonly string[] = Object.keys(ROUTES);

/** Something that was asked for and cannot be: told with status 400. */
class AdminError extends Error {
  override readonly name = 'AdminError';
}

/** Answers the operator. What it cannot do is told in `error`. */
export async function answerAdmin(emulator: Emulator, request: Request): Promise<Response> {
  const route = ROUTES[`${request.method} ${request.path}`];
  if (route === undefined) return json(404, { error: `there is no ${request.method} ${request.path}` });
  try {
    const answer = await route(emulator, request);
    return typeof answer === 'string' ? text(answer) : json(200, answer ?? {});
  } catch (error) {
    if (error instanceof AdminError || error instanceof SnapshotError) return json(400, { error: error.message });
    throw error;
  }
}

function json(status: number, body: unknown): Response {
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(body)}\n` };
}

function text(body: string): Response {
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {} // told below
  throw new AdminError('the body is no JSON object');
}

/** A trouble as the core has it; `forMs` in place of `until`, a name of its own where there is none. */
function addFault({ world }: Emulator, { body }: Request): { readonly name: string } {
  const { forMs, ...rest } = parsed(body);
  const until = typeof forMs === 'number' ? { until: world.now() + forMs } : {};
  const names = new Set(world.cloud.troubles.map(({ name }) => name));
  let number = 1;
  while (names.has(`fault-${number}`)) number++;
  const whole = { name: `fault-${number}`, scope: {}, ...rest, ...until };
  const it: Trouble = trouble(whole, 'fault');
  world.trouble(it);
  return { name: it.name };
}

/** One, by `name`, or all. */
function removeFaults({ world }: Emulator, { query }: Request): { readonly removed: readonly string[] } {
  const name = new URLSearchParams(query).get('name');
  const names = world.cloud.troubles.map((it) => it.name).filter((it) => name === null || it === name);
  if (name !== null && names.length === 0) throw new AdminError(`there is no fault ${name}`);
  for (const it of names) world.calm(it);
  return { removed: names };
}

/** What an operator may do behind everybody's back. */
const OPERATIONS: ReadonlySet<CloudRequest['do']> = new Set([
  ...([
    'create-nic',
    'delete-nic',
    'attach-nic',
    'detach-nic',
    'modify-nic',
    'assign',
    'unassign',
    'move-address',
  ] as const),
  ...(['run-instances', 'terminate-instances', 'modify-instance', 'set-tags', 'remove-tags', 'modify-subnet'] as const),
  ...([
    'add-range',
    'remove-range',
    'reserve-range',
    'release-range',
    'create-group',
    'add-rules',
    'remove-rules',
  ] as const),
  ...(['associate-trunk', 'disassociate-trunk'] as const),
]);

/** A request of the core, from outside of every account: nothing counts it, nothing stands in its way. */
function operate({ world }: Emulator, { body }: Request): unknown {
  const request = parsed(body) as unknown as CloudRequest;
  if (!OPERATIONS.has(request.do)) throw new AdminError(`an operator cannot "${String(request.do)}"`);
  const { reply } = world.step({ action: request.do, group: 'operator', account: 'operator', outside: true, request });
  if ('fault' in reply) throw new AdminError(`${request.do}: ${JSON.stringify(reply.fault)}`);
  return reply.answer;
}

/** `ms` more than passed by itself. */
async function passTime(emulator: Emulator, { body }: Request): Promise<{ readonly now: number }> {
  const { ms } = parsed(body);
  if (typeof ms !== 'number' || !(ms >= 0)) throw new AdminError('"ms" is how many milliseconds are to pass');
  emulator.world.pass(ms);
  await emulator.settled();
  return { now: emulator.world.now() };
}
