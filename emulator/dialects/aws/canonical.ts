import { createHash } from 'node:crypto';

// "Create a signed AWS API request", steps 1 to 3: what a client signs.

/** A request as it came, before anything was decoded. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string; //  without the query, as it was sent
  readonly query: string; // as it was sent, without the question mark
  readonly headers: Readonly<Record<string, string | undefined>>; // names in lower case
  readonly body: string;
}

/** What the signature covers, in its own form. `headers`: the signed ones, in lower case, in order. */
export function canonicalRequest(
  { method, path, query, headers, body }: SignedRequest,
  { signed, without }: { readonly signed: readonly string[]; readonly without?: string },
): string {
  const lines = signed.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}\n`);
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query, without),
    lines.join(''),
    signed.join(';'),
    sha256(body), // of what came, whatever the client says of it
  ].join('\n');
}

/** What is signed at last: the algorithm, when, for which day, region and service, and the hash of the request. */
export function stringToSign(when: string, scope: string, request: string): string {
  return ['AWS4-HMAC-SHA256', when, scope, sha256(request)].join('\n');
}

/** In lower-case hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Dots and double slashes are taken out, and every segment is encoded once more (all services but S3). */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const tail = kept.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : '';
  return `/${kept.map(encoded).join('/')}${tail}`;
}

/** By name and value, in the order of their encoded bytes; `without`: the signature itself is not signed. */
function canonicalQuery(query: string, without?: string): string {
  const pairs = query.split('&').flatMap((piece) => {
    if (piece === '') return [];
    const at = piece.indexOf('=');
    const name = recoded(at < 0 ? piece : piece.slice(0, at));
    return name === without ? [] : [`${name}=${at < 0 ? '' : recoded(piece.slice(at + 1))}`];
  });
  return pairs.toSorted(byBytes).join('&');
}

function byBytes(a: string, b: string): number {
  const [name, than] = [a.slice(0, a.indexOf('=')), b.slice(0, b.indexOf('='))];
  if (name !== than) return name < than ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function recoded(text: string): string {
  try {
    return encoded(decodeURIComponent(text.replaceAll('+', '%20')));
  } catch {
    return encoded(text); // malformed: it is told when the query is read
  }
}

/** RFC 3986: letters, digits and -._~ stay. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
