import { expect, test } from 'vitest';
import type { Id } from '../../cloud/nouns.ts';
import { ApiError } from './api-error.ts';
import { canonicalRequest, sha256, type SignedRequest } from './canonical.ts';
import { Keyring, ROLE_LIFE_MS } from './keyring.ts';
import { type Key, signature, verified } from './sigv4.ts';

// AWS's Signature Version 4 test suite ("aws-sig-v4-test-suite"): its key, its time, its requests and signatures.
const KEY: Key = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', account: '1' };
const AT = Date.UTC(2015, 7, 30, 12, 36);
const WHEN = '20150830T123600Z';
const VANILLA = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31';
const HOST = { host: 'example.amazonaws.com', 'x-amz-date': WHEN };

const get = (path: string, query = ''): SignedRequest => ({ method: 'GET', path, query, headers: HOST, body: '' });
const post = { ...get('/'), method: 'POST' };
const form = 'application/x-www-form-urlencoded';

const VECTORS: readonly [name: string, request: SignedRequest, signed: string, signature: string][] = [
  ['get-vanilla', get('/'), 'host;x-amz-date', VANILLA],
  ['get-slash', get('//'), 'host;x-amz-date', VANILLA],
  ['get-relative', get('/example/..'), 'host;x-amz-date', VANILLA],
  ['get-slash-dot-slash', get('/./'), 'host;x-amz-date', VANILLA],
  [
    'get-vanilla-query-order-key-case',
    get('/', 'Param2=value2&Param1=value1'),
    'host;x-amz-date',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-unreserved',
    get('/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
    'host;x-amz-date',
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  ['get-utf8', get('/ሴ'), 'host;x-amz-date', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  ['post-vanilla', post, 'host;x-amz-date', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-x-www-form-urlencoded',
    { ...post, headers: { ...HOST, 'content-type': form }, body: 'Param1=value1' },
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

function withHeader(request: SignedRequest, signed: string, its: string, service = 'service'): SignedRequest {
  const line = `AWS4-HMAC-SHA256 Credential=${KEY.id}/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${signed}, Signature=${its}`;
  return { ...request, headers: { ...request.headers, authorization: line } };
}

const keyOf = (id: string) => (id === KEY.id ? KEY : undefined);
const who = { keyOf, service: 'service', now: AT };

test.each(VECTORS)("AWS's own vector %s is verified, and any other signature is not", (_, request, signed, its) => {
  expect(verified(withHeader(request, signed, its), who)).toBe(KEY);
  const other = `${its.slice(0, -1)}${its.endsWith('0') ? '1' : '0'}`;
  expect(refusal(() => verified(withHeader(request, signed, other), who))).toEqual(['SignatureDoesNotMatch', 403]);
});

function refusal(work: () => unknown): readonly [string, number] | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return [error.code, error.status];
    throw error;
  }
  return undefined;
}

const vanilla = withHeader(get('/'), 'host;x-amz-date', VANILLA);

test('a request that nobody signed, whose key nobody knows, or whose line is torn is refused', () => {
  expect(refusal(() => verified(get('/'), who))).toEqual(['MissingAuthenticationToken', 403]);
  expect(refusal(() => verified(vanilla, { ...who, keyOf: () => undefined }))).toEqual(['AuthFailure', 401]);
  const torn = { ...vanilla, headers: { ...vanilla.headers, authorization: 'AWS4-HMAC-SHA256 Credential=x' } };
  expect(refusal(() => verified(torn, who))).toEqual(['IncompleteSignature', 400]);
  const other = withHeader(get('/'), 'host;x-amz-date', VANILLA, 'sts');
  expect(refusal(() => verified(other, who))).toEqual(['SignatureDoesNotMatch', 403]);
});

test('a body that is another than the signed one is refused, whatever its client says of it', () => {
  const form: SignedRequest = { ...post, body: 'Param1=value1' };
  const canonical = canonicalRequest(form, { signed: ['host', 'x-amz-date'] });
  const scope = ['20150830', 'us-east-1', 'service', 'aws4_request'];
  const its = signature(KEY.secret, { when: WHEN, scope, request: canonical });
  const signed = withHeader(form, 'host;x-amz-date', its);
  expect(verified(signed, who)).toBe(KEY);
  const headers = { ...signed.headers, 'x-amz-content-sha256': sha256('Param1=value1') };
  expect(() => verified({ ...signed, headers, body: 'Param1=value2' }, who)).toThrow(ApiError);
});

test('a clock that is more than fifteen minutes off is too old or too young', () => {
  const minutes = (count: number) => AT + count * 60_000;
  for (const off of [-15, 15]) expect(verified(vanilla, { ...who, now: minutes(off) })).toBe(KEY);
  for (const off of [-15.1, 15.1])
    expect(refusal(() => verified(vanilla, { ...who, now: minutes(off) }))).toEqual(['RequestExpired', 400]);
});

test('a signature in the query holds for the time that it says', () => {
  const query = [
    'Action=DescribeVpcs',
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${KEY.id}%2F20150830%2Fus-east-1%2Fservice%2Faws4_request`,
    `X-Amz-Date=${WHEN}`,
    'X-Amz-Expires=60',
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const bare: SignedRequest = { ...get('/', query), headers: { host: 'example.amazonaws.com' } };
  const scope = ['20150830', 'us-east-1', 'service', 'aws4_request'];
  const its = signature(KEY.secret, { when: WHEN, scope, request: canonicalRequest(bare, { signed: ['host'] }) });
  const request = { ...bare, query: `${query}&X-Amz-Signature=${its}` };
  expect(verified(request, { ...who, now: AT + 60_000 })).toBe(KEY);
  expect(refusal(() => verified(request, { ...who, now: AT + 61_000 }))).toEqual(['RequestExpired', 400]);
});

test("credentials of a role are known by their token until they end, and are nobody else's", () => {
  const keyring = new Keyring([], 'seal');
  const of = { instance: 'i-1' as Id, role: 'node', account: '1' };
  const key = keyring.role(of, AT);
  expect(keyring.find(key.id, key.token)).toEqual(key);
  expect(keyring.find(key.id, undefined)).toBeUndefined();
  expect(keyring.find(key.id, `${key.token}x`)).toBeUndefined();
  expect(new Keyring([], 'another').find(key.id, key.token)).toBeUndefined();
  expect(keyring.role({ ...of, instance: 'i-2' as Id }, AT).id).not.toBe(key.id);
  expect(keyring.role(of, AT + ROLE_LIFE_MS).id).not.toBe(key.id);
  const request = canonicalRequest(get('/'), { signed: ['host', 'x-amz-date'] });
  const its = signature(key.secret, {
    when: WHEN,
    scope: ['20150830', 'us-east-1', 'service', 'aws4_request'],
    request,
  });
  const line = vanilla.headers['authorization']?.replace(KEY.id, key.id).replace(VANILLA, its);
  const asked = { ...get('/'), headers: { ...HOST, authorization: line, 'x-amz-security-token': key.token } };
  const find = (id: string, token: string | undefined) => keyring.find(id, token);
  expect(verified(asked, { ...who, keyOf: find })).toEqual(key);
  expect(refusal(() => verified(asked, { ...who, keyOf: find, now: key.expires }))).toEqual(['RequestExpired', 400]);
});
