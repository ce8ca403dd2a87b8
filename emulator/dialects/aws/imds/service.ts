import type { Metadata } from '../../../cloud/metadata.ts';
import type { Id } from '../../../cloud/nouns.ts';
import { isToken, newToken, TOKEN_SECONDS } from './token.ts';
import { metadataTree, type Origin, type Tree } from './tree.ts';

/** A request to metadata, as it came. Names of headers are in lower case. */
export interface Ask {
  readonly method: string;
  readonly path: string; // with the query
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly hops?: number; // that it may travel, when that is limited
}

/** What it needs to answer: the metadata of whoever asks, as it is now. */
export interface Service extends Origin {
  readonly metadata: (instance: Id) => Metadata | undefined;
  readonly seal: string;
}

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';
const VERSIONS = ['1.0', '2021-07-15', '2023-05-30', 'latest'];

/** The metadata service of an instance, versions 1 and 2: "Use the Instance Metadata Service", EC2 guide. */
export function answerMetadata(instance: Id, ask: Ask, service: Service): Told {
  const metadata = service.metadata(instance);
  if (metadata === undefined) return failure(404);
  const path = ask.path
    .replace(/\?.*$/s, '')
    .split('/')
    .filter((part) => part !== '');
  if (ask.method === 'PUT') return session(metadata, path, { ask, service });
  if (ask.method !== 'GET' && ask.method !== 'HEAD') return failure(405, { allow: 'OPTIONS, GET, HEAD, PUT' });
  const token = ask.headers[TOKEN];
  const { tokensRequired } = metadata.instance;
  if (token === undefined ? tokensRequired : !isToken(token, { instance, now: service.now, seal: service.seal }))
    return failure(401);
  const [version, ...rest] = path;
  if (version === undefined) return said(VERSIONS.join('\n'));
  if (!VERSIONS.includes(version)) return failure(404);
  return look(metadataTree(metadata, service), rest.map(decoded), ask.path.endsWith('/'));
}

/** A new session token. Nobody who forwards for another gets one. */
function session(
  { instance }: Metadata,
  path: readonly string[],
  { ask, service }: { readonly ask: Ask; readonly service: Service },
): Told {
  if (path.join('/') !== 'latest/api/token') return failure(405, { allow: 'OPTIONS, GET, HEAD' });
  if (ask.headers['x-forwarded-for'] !== undefined) return failure(403);
  const seconds = /^\d{1,5}$/.test(ask.headers[TTL] ?? '') ? Number(ask.headers[TTL]) : 0;
  if (seconds < TOKEN_SECONDS.least || seconds > TOKEN_SECONDS.most) return failure(400);
  const token = newToken(instance.id, service.now + seconds * 1000, service.seal);
  return { ...said(token, { [TTL]: String(seconds) }), hops: instance.hopLimit };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // there is nothing with such a name
  }
}

/** A folder is told as the names in it. Only folders may be asked for with a slash at the end. */
function look(tree: Tree, path: readonly string[], slash: boolean): Told {
  let at: Tree | string | undefined = tree;
  for (const name of path) at = typeof at === 'object' && Object.hasOwn(at, name) ? at[name] : undefined;
  if (at === undefined) return failure(404);
  if (typeof at === 'string') return slash ? failure(404) : said(at);
  const names = Object.entries(at).flatMap(([name, it]) => (it === undefined ? [] : [nameOf(name, it)]));
  return said(names.join('\n'));
}

/** Folders have a slash behind. */
function nameOf(name: string, it: Tree | string): string {
  return typeof it === 'string' ? name : `${name}/`;
}

function said(body: string, more: Readonly<Record<string, string>> = {}): Told {
  return { status: 200, headers: { ...HEADERS, ...more }, body };
}

const HEADERS = { 'content-type': 'text/plain', server: 'EC2ws' };
const WORDS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
};

function failure(status: number, more: Readonly<Record<string, string>> = {}): Told {
  const text = `${status} - ${WORDS[status] ?? ''}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head><title>${text}</title></head>
 <body><h1>${text}</h1></body>
</html>
`;
  return { status, headers: { ...HEADERS, 'content-type': 'text/html', ...more }, body };
}
