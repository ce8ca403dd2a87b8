import { hash64 } from '../../src/base/hash.ts';
import type { Answer, InstanceView, View } from './answer.ts';
import { type Done, isFault, planned } from './change.ts';
import { type Cloud, type Env, nicsOf, tableOf, type Tagged, type TokenUse } from './cloud.ts';
import type { Fault } from './fault.ts';
import type { Id } from './nouns.ts';
import { isLook } from './perform.ts';
import type { Call } from './request.ts';
import { instanceView, viewOf } from './view.ts';

const DAY_MS = 86_400_000;

/** With a token that was used before, the answer of then as it would be now; else the request is done. */
export function once(
  cloud: Cloud,
  call: Call,
  { env, done }: { readonly env: Env; readonly done: (cloud: Cloud) => Done | Fault },
): Done | Fault {
  const { token, request } = call;
  const key = keyOf(call);
  if (token === undefined || key === undefined) return done(cloud);
  const hash = hash64(JSON.stringify(request)).toString(36);
  const use = cloud.tokens.get(key);
  if (use !== undefined) return use.hash === hash ? again(cloud, use) : { why: 'token-mismatch', token };
  const result = done(cloud);
  if (isFault(result)) return result;
  const made = madeBy(result.answer);
  if (made.length === 0) return result;
  const known = { ...result.cloud, tokens: result.cloud.tokens.set(key, { hash, made }) };
  const until = env.now + (cloud.rules.tokenLifeMs ?? DAY_MS);
  return { ...result, cloud: planned(known, until, { do: 'forget', what: 'token', id: key }) };
}

/** Whether a call with this token was done before: nothing new is needed for its answer. */
export function isUsed(cloud: Cloud, call: Call): boolean {
  const key = keyOf(call);
  return key !== undefined && cloud.tokens.has(key);
}

function keyOf({ account, action, token, request }: Call): string | undefined {
  return token === undefined || isLook(request) ? undefined : `${account} ${action} ${token}`;
}

/** What an answer says was made: other answers are not remembered. */
function madeBy(answer: Answer): TokenUse['made'] {
  if (answer.is === 'launched') return answer.instances.map(({ instance: { id } }) => ({ kind: 'instance', id }));
  if (answer.is !== 'made') return [];
  const touch = touchOf(answer.view);
  return touch === undefined ? [] : [touch];
}

function touchOf(view: View): { readonly kind: Tagged; readonly id: Id } | undefined {
  switch (view.kind) {
    case 'vpc':
      return { kind: 'vpc', id: view.vpc.id };
    case 'subnet':
      return { kind: 'subnet', id: view.subnet.id };
    case 'group':
      return { kind: 'group', id: view.group.id };
    case 'route-table':
      return { kind: 'route-table', id: view.table.id };
    case 'gateway':
      return { kind: 'gateway', id: view.gateway.id };
    case 'nat':
      return { kind: 'nat', id: view.nat.id };
    case 'nic':
      return { kind: 'nic', id: view.nic.id };
    default:
      return undefined;
  }
}

/** What the token made, as it is now. Gone since: nothing to answer, and nothing is made. */
function again(cloud: Cloud, { made }: TokenUse): Done | Fault {
  const instances: InstanceView[] = [];
  for (const { kind, id } of made) {
    const thing = kind === 'zone' ? undefined : tableOf(cloud, kind as Tagged).get(id);
    if (thing === undefined) return { why: 'not-found', kind: kind as Tagged, id };
    if (kind !== 'instance')
      return { cloud, answer: { is: 'made', view: viewOf(cloud, kind as Tagged, thing) }, touched: [] };
    const instance = cloud.instances.get(id);
    if (instance !== undefined) instances.push(instanceView(cloud, instance, nicsOf(cloud, id)));
  }
  return { cloud, answer: { is: 'launched', instances }, touched: [] };
}
