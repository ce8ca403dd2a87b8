import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Millis } from '../../../src/base/clock.ts';
import { ApiError } from './api-error.ts';
import { canonicalRequest, type SignedRequest, stringToSign } from './canonical.ts';
import type { Id } from '../../cloud/nouns.ts';

/** Somebody who may ask, as a signature names them. */
export interface Key {
  readonly id: string;
  readonly secret: string;
  readonly account: string;
  readonly instance?: Id; //   whose role it is
  readonly token?: string; //  without which the key is nothing
  readonly expires?: Millis;
}

export interface Verifier {
  readonly keyOf: (id: string, token: string | undefined) => Key | undefined;
  readonly service: string; // "ec2"
  readonly now: Millis;
}

/** Who signed a request. Throws ApiError with EC2's words when nobody did, or not now. */
export function verified(request: SignedRequest, { keyOf, service, now }: Verifier): Key {
  const claim = claimOf(request);
  const { id, scope, when } = claim;
  const [day, region, forService, end] = scope;
  if (forService !== service || end !== 'aws4_request' || day !== when.slice(0, 8) || region === '')
    throw new ApiError('SignatureDoesNotMatch', scopeText(claim, service), 403);
  const key = keyOf(id, claim.token);
  if (key === undefined || (key.token !== undefined && key.token !== claim.token)) throw unknownKey();
  const text = canonicalRequest(request, { signed: claim.signed, ...(claim.query ? { without: SIGNATURE } : {}) });
  const wanted = signature(key.secret, { when, scope, request: text });
  if (!same(wanted, claim.signature)) throw new ApiError('SignatureDoesNotMatch', WRONG, 403);
  judgeTime(claim, key, now);
  return key;
}

/** What a client would send, in hexadecimal. */
export function signature(
  secret: string,
  { when, scope, request }: { readonly when: string; readonly scope: readonly string[]; readonly request: string },
): string {
  let key: Buffer | string = `AWS4${secret}`;
  for (const part of scope) key = hmac(key, part);
  return hmac(key, stringToSign(when, scope.join('/'), request)).toString('hex');
}

const SIGNATURE = 'X-Amz-Signature';
const SKEW_MS = 15 * 60_000;

/** What a request says of its signature. */
interface Claim {
  readonly id: string;
  readonly scope: readonly [day: string, region: string, service: string, end: string];
  readonly when: string; // "20261121T093000Z"
  readonly signed: readonly string[];
  readonly signature: string;
  readonly token?: string | undefined;
  readonly query: boolean; // in the query, not in a header
  readonly lifeS?: number;
}

function claimOf(request: SignedRequest): Claim {
  const { headers, query } = request;
  const line = headers['authorization'];
  if (line !== undefined) return headerClaim(line, headers);
  const search = new URLSearchParams(query);
  const get = (name: string) => search.get(name) ?? undefined;
  if (get('X-Amz-Algorithm') === undefined && get(SIGNATURE) === undefined)
    throw new ApiError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  const expires = get('X-Amz-Expires');
  return whole({
    algorithm: get('X-Amz-Algorithm'),
    credential: get('X-Amz-Credential'),
    when: get('X-Amz-Date'),
    signed: get('X-Amz-SignedHeaders'),
    signature: get(SIGNATURE),
    token: get('X-Amz-Security-Token'),
    query: true,
    lifeS: expires === undefined ? undefined : Number(expires),
  });
}

function headerClaim(line: string, headers: SignedRequest['headers']): Claim {
  const space = line.indexOf(' ');
  const fields = new Map(
    line
      .slice(space + 1)
      .split(',')
      .map(field),
  );
  return whole({
    algorithm: line.slice(0, space),
    credential: fields.get('Credential'),
    when: headers['x-amz-date'] ?? compact(headers['date']),
    signed: fields.get('SignedHeaders'),
    signature: fields.get('Signature'),
    token: headers['x-amz-security-token'],
    query: false,
  });
}

function field(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** An HTTP date in the form of the others. */
function compact(date: string | undefined): string | undefined {
  const at = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

interface Raw {
  readonly algorithm: string | undefined;
  readonly credential: string | undefined;
  readonly when: string | undefined;
  readonly signed: string | undefined;
  readonly signature: string | undefined;
  readonly token: string | undefined;
  readonly query: boolean;
  readonly lifeS?: number | undefined;
}

function whole({ algorithm, credential, when, signed, signature: text, lifeS, ...rest }: Raw): Claim {
  const incomplete = (what: string) => new ApiError('IncompleteSignature', what);
  if (algorithm !== 'AWS4-HMAC-SHA256') throw incomplete(`Unsupported algorithm '${algorithm ?? ''}'.`);
  for (const [name, value] of Object.entries({ Credential: credential, Signature: text, SignedHeaders: signed }))
    if (value === undefined) throw incomplete(`Authorization header requires '${name}' parameter.`);
  if (when === undefined || !/^\d{8}T\d{6}Z$/.test(when))
    throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  const [id = '', day = '', region = '', service = '', end = '', ...more] = (credential ?? '').split('/');
  if (end === '' || more.length > 0)
    throw incomplete(`Credential must have exactly 5 slash-delimited elements, got '${credential ?? ''}'.`);
  const names = (signed ?? '').split(';');
  if (!names.includes('host')) throw incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  const life = lifeS === undefined ? {} : { lifeS };
  return { id, scope: [day, region, service, end], when, signed: names, signature: text ?? '', ...rest, ...life };
}

/** "The request reached the service more than 15 minutes after the date stamp …": Common errors, RequestExpired. */
function judgeTime({ when, query, lifeS = 0 }: Claim, { expires }: Key, now: Millis): void {
  const at = Date.parse(when.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
  const late = query ? now > at + lifeS * 1000 : now - at > SKEW_MS;
  if (late || at - now > SKEW_MS || (expires !== undefined && now >= expires)) throw expired();
}

/** What EC2 says to a time that is not its own, and to credentials that have ended. */
export function expired(): ApiError {
  return new ApiError('RequestExpired', 'Request has expired.');
}

function unknownKey(): ApiError {
  return new ApiError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
}

const WRONG =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.';

function scopeText({ scope, when }: Claim, service: string): string {
  const [day, , forService, end] = scope;
  if (forService !== service) return `Credential should be scoped to correct service: '${service}'. `;
  if (end !== 'aws4_request') return "Credential should be scoped with a valid terminator: 'aws4_request'. ";
  return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${when.slice(0, 8)}', from '${when}'. `;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
