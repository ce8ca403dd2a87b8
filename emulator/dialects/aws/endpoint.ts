import type { Millis } from '../../../src/base/clock.ts';
import type { Cloud } from '../../cloud/cloud.ts';
import type { Delivery } from '../../cloud/fault.ts';
import type { Call } from '../../cloud/request.ts';
import { hasLapsed } from '../../cloud/strike.ts';
import type { Stepped } from '../../cloud/step.ts';
import type { Action, Deed } from './action.ts';
import { ACTIONS } from './actions.ts';
import { ApiError } from './api-error.ts';
import { bucketName } from './buckets.ts';
import type { SignedRequest } from './canonical.ts';
import { apiError } from './faults.ts';
import { readForm } from './form.ts';
import type { Keyring } from './keyring.ts';
import { Params } from './params.ts';
import type { Place } from './place.ts';
import { expired, type Key, verified } from './sigv4.ts';
import { escaped, leaf, together, type Xml } from './xml.ts';

/** What the endpoint needs of whoever has the cloud. */
export interface Door {
  readonly place: Place;
  readonly keyring: Keyring;
  now(): Millis;
  cloud(): Cloud;
  step(call: Call): Pick<Stepped, 'reply' | 'delivery'>;
  requestId(): string;
}

/** An answer, and how it is brought to the client. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly delivery: Delivery;
  readonly action?: string; // as far as it was read
  readonly code?: string; //   of an error
  readonly caller?: string; // who signed: an instance, else an access key
}

const VERSION = '2016-11-15';
const NAMESPACE = `http://ec2.amazonaws.com/doc/${VERSION}/`;
const AT_ONCE: Delivery = { how: 'at-once' };

/** EC2's Query API: a form or a query, signed with Signature Version 4, to XML. A "no" is an answer, too. */
export function answerQuery(request: SignedRequest, door: Door): HttpReply {
  const id = door.requestId();
  let action: string | undefined;
  let caller: string | undefined;
  try {
    const form = formOf(request);
    const key = verified(request, {
      keyOf: (name, token) => door.keyring.find(name, token),
      service: 'ec2',
      now: door.now(),
    });
    caller = key.instance ?? key.id;
    if (key.instance !== undefined && hasLapsed(door.cloud(), key.instance)) throw expired();
    action = form.get('Action');
    return { ...answered({ name: action, form, key, id }, door), ...(action === undefined ? {} : { action }), caller };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ...refused(error, { id, delivery: AT_ONCE, action }), ...(caller === undefined ? {} : { caller }) };
  }
}

function formOf({ method, query, body }: SignedRequest): ReadonlyMap<string, string> {
  if (method !== 'GET' && method !== 'POST')
    throw new ApiError('InvalidAction', `The HTTP method ${method} is not supported.`, 405);
  const fields = new Map([...readForm(query)].filter(([name]) => !name.startsWith('X-Amz-')));
  if (method === 'POST') for (const [name, value] of readForm(body)) fields.set(name, value);
  return fields;
}

interface Asked {
  readonly name: string | undefined;
  readonly form: ReadonlyMap<string, string>;
  readonly key: Key;
  readonly id: string;
}

function answered({ name, form, key, id }: Asked, door: Door): HttpReply {
  if (name === undefined) throw new ApiError('MissingAction', 'The request must contain the parameter Action.');
  const action = ACTIONS.get(name);
  if (action === undefined)
    throw new ApiError('InvalidAction', `The action ${name} is not valid for this web service.`);
  const version = form.get('Version');
  if (version !== VERSION)
    throw new ApiError('NoSuchVersion', `The requested version (${version ?? ''}) of service AmazonEC2 does not exist`);
  const params = new Params(form);
  params.ignore('Action', 'Version');
  const dryRun = params.flag('DryRun') ?? false;
  const deed = action.read(params, { cloud: door.cloud(), place: door.place });
  params.finish();
  const { reply, delivery } = door.step(callOf({ name, action, deed, dryRun, key }));
  if ('fault' in reply) return refused(apiError(reply.fault), { id, delivery, action: name });
  return found(name, together(leaf('requestId', id), deed.write(reply.answer)), { id, delivery });
}

function callOf({
  name,
  action,
  deed: { request, token },
  dryRun,
  key,
}: {
  readonly name: string;
  readonly action: Action;
  readonly deed: Deed;
  readonly dryRun: boolean;
  readonly key: Key;
}): Call {
  const looks = request.do === 'describe' || request.do === 'describe-tags';
  const narrow = 'filters' in request || 'ids' in request || 'page' in request;
  return {
    action: name,
    group: bucketName(name, action.category, looks && !narrow),
    account: key.account,
    dryRun,
    request,
    ...(key.instance === undefined ? {} : { from: key.instance }),
    ...(token === undefined || token === '' ? {} : { token }),
  };
}

interface Way {
  readonly id: string;
  readonly delivery: Delivery;
  readonly action?: string | undefined;
}

const HEADERS = {
  'content-type': 'text/xml;charset=UTF-8',
  server: 'AmazonEC2',
  'cache-control': 'no-cache, no-store',
};

function found(action: string, inside: Xml, { id, delivery }: Way): HttpReply {
  const root = `${action}Response`;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">${inside}</${root}>`;
  return { status: 200, headers: { ...HEADERS, 'x-amzn-requestid': id }, body, delivery };
}

/** "Example error response", EC2 API. */
function refused({ code, message, status }: ApiError, { id, delivery, action }: Way): HttpReply {
  const error = `<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
  const inside = `<Errors>${error}</Errors><RequestID>${id}</RequestID>`;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${inside}</Response>`;
  const headers = { ...HEADERS, 'x-amzn-requestid': id };
  return { status, headers, body, delivery, code, ...(action === undefined ? {} : { action }) };
}
