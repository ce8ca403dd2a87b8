import type { Member } from './cluster.ts';
import type { CriPod } from './cri.ts';
import { IMAGE, type TestNode } from './node.ts';

/** A web server that serves its host's name, as busybox runs it. */
export const SERVE = ['/bin/busybox', 'sh', '-c', 'hostname > /index.html; exec /bin/busybox httpd -f -p 80 -h /'];

/** A shell script that fetches a page and ends with it, with busybox's nc: its wget does not work linked statically. */
export function fetchScript(host: string, port = 80): string {
  return `printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 5 ${host} ${port}`;
}

/** The last line of what was fetched, "" when nothing came. */
export function pageOf(fetched: string): string {
  return fetched.trim().split('\n').at(-1) ?? '';
}

/** A pod that serves its own name over HTTP. */
export function serve(
  member: Member,
  name: string,
  ports: NonNullable<Parameters<Member['cri']['run']>[0]['ports']> = [],
): Promise<CriPod> {
  return member.cri.run({ name, ports }, IMAGE, SERVE);
}

/** Fetches a page from inside of a pod. */
export async function fetchFrom(member: Member, pod: CriPod, host: string, port = 80): Promise<string> {
  const { out } = await member.cri.exec(pod, '/bin/busybox', 'sh', '-c', fetchScript(host, port));
  return pageOf(out);
}

/** What a node's kernel holds for pods: links, routes, nftables elements. */
export function traces({ node }: { readonly node: Pick<TestNode, 'run'> }): string[] {
  const lines = (...args: string[]) => node.run('ip', ...args).split('\n');
  const links = lines('-o', 'link', 'show').filter((line) => line.includes(': bth'));
  const routes = ['-4', '-6'].flatMap((family) => lines(family, 'route', 'show'));
  return [...links, ...routes.filter((line) => line.includes('dev bth')), ...elements(node)];
}

/** The sets and maps of the table that have an element for every pod, or for every port of one. */
const OF_PODS = /^(pods|hairpin|ports)/;

function elements(node: Pick<TestNode, 'run'>): string[] {
  type Held = { readonly name: string; readonly elem?: readonly unknown[] };
  const text = node.run('nft', '-j', 'list', 'table', 'inet', 'berth');
  const { nftables } = JSON.parse(text) as { nftables: readonly { set?: Held; map?: Held }[] };
  const held = nftables.flatMap(({ set, map }) => set ?? map ?? []);
  return held
    .filter(({ name }) => OF_PODS.test(name))
    .flatMap(({ name, elem = [] }) => elem.map((it) => `${name} ${JSON.stringify(it)}`));
}
