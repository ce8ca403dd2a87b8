import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraries } from '../image/libraries.ts';
import { type ImageFile, ociImage } from '../image/oci.ts';

/** Images that the suite's pods run, by their names in its own list. */
interface Names {
  readonly agnhost: string;
  readonly busybox: string;
  readonly dnsutils: string;
  readonly pause: string;
}

/** As the sources of a version say, which change with it. Throws Error when they name one otherwise. */
export function imageNames(manifest: string): Names {
  const named = (...ids: readonly string[]) => {
    const [, registry, name, version] =
      new RegExp(`configs\\[(?:${ids.join('|')})\\] += Config\\{list\\.(\\w+), "([^"]+)", "([^"]+)"\\}`).exec(
        manifest,
      ) ?? [];
    const folder = registry === 'GcRegistry' ? '' : 'e2e-test-images/';
    if (name === undefined) throw new Error(`the suite's list of images has no ${ids.join(' and no ')}`);
    return `registry.k8s.io/${folder}${name}:${version}`;
  };
  return {
    agnhost: named('Agnhost'),
    busybox: named('BusyBox'),
    dnsutils: named('GlibcDnsTesting', 'JessieDnsutils'), // since 1.36, and before
    pause: named('Pause'),
  };
}

/** Programs of this machine that specs call in these pods, by what the images call them. */
const CALLED = {
  'bin/nc': '/usr/bin/nc.openbsd',
  'bin/sh': '/bin/dash',
  'usr/bin/curl': '/usr/bin/curl',
  'usr/bin/dig': '/usr/bin/dig',
  'usr/bin/getent': '/usr/bin/getent',
} as const;

/** Of busybox, but for its shell, which prefers its own nc to the one of the image. */
const APPLETS = [
  'cat',
  'date',
  'echo',
  'grep',
  'head',
  'hostname',
  'ip',
  'ls',
  'mkdir',
  'nslookup',
  'ping',
  'rm',
  'seq',
  'sleep',
  'tail',
  'test',
  'timeout',
  'tr',
  'touch',
  'true',
] as const;

/** As specs call it: a page, or nothing. Busybox's own does not survive to be linked statically. */
const WGET = '#!/bin/sh\nfor url; do :; done\nexec curl --silent --fail --max-time 3 "$url"\n';

/** Users that a process may look up. */
const PASSWD = 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n';

/** The archives of the suite's images, by their file names. `shelf` has agnhost, and its module's sources. */
export function suiteImages(shelf: string): Readonly<Record<string, Uint8Array>> {
  const sources = moduleFolder(shelf);
  const names = imageNames(readFileSync(join(sources, 'test/utils/image/manifest.go'), 'utf8'));
  const porter = join(sources, 'test/images/agnhost/porter');
  const own = [
    file('agnhost', join(shelf, 'agnhost')),
    ...['localhost.crt', 'localhost.key'].map((name) => file(name, join(porter, name))),
  ];
  const agnhost = { own, links: { 'agnhost-2': 'agnhost' }, entrypoint: ['/agnhost'], command: ['pause'] };
  const dnsutils = { own: [], links: {}, entrypoint: [], command: ['/bin/sh'] };
  const busybox = { files: [file('bin/busybox', '/bin/busybox')], links: { ...applets(), 'bin/sh': 'busybox' } };
  return {
    'agnhost.tar': withPrograms(names.agnhost, agnhost),
    'dnsutils.tar': withPrograms(names.dnsutils, dnsutils),
    'e2e-busybox.tar': ociImage(names.busybox, { ...busybox, folders: ['tmp'], entrypoint: [], command: ['sh'] })
      .archive,
    'pause.tar': pause(names.pause),
  };
}

interface Own {
  readonly own: readonly ImageFile[];
  readonly links: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/** An image with all that specs call, and files of its own. */
function withPrograms(name: string, { own, links, entrypoint, command }: Own): Uint8Array {
  const files = [
    ...own,
    file('bin/busybox', '/bin/busybox'),
    ...Object.entries(CALLED).map(([path, from]) => file(path, from)),
    ...libraries(Object.values(CALLED)),
    { ...text('bin/wget', WGET), mode: 0o755 },
    text('etc/passwd', PASSWD),
    text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
  ];
  return ociImage(name, {
    files,
    links: { ...applets(), ...links },
    folders: ['uploads', 'tmp'],
    entrypoint,
    command,
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  }).archive;
}

function applets(): Readonly<Record<string, string>> {
  return Object.fromEntries(APPLETS.map((applet) => [`bin/${applet}`, 'busybox']));
}

/** Waits for ever, and ends at once when it is told to: the first process of a pod does so only if it says so. */
function pause(name: string): Uint8Array {
  const wait = 'trap "exit 0" TERM INT; /bin/busybox sleep 999999999 & wait';
  const entrypoint = ['/bin/busybox', 'sh', '-c', wait];
  return ociImage(name, { files: [file('bin/busybox', '/bin/busybox')], entrypoint }).archive;
}

/** Where Go keeps the sources of Kubernetes that were built. */
function moduleFolder(shelf: string): string {
  const words = ['list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes'];
  return execFileSync('go', words, { cwd: join(shelf, 'source'), encoding: 'utf8' }).trim();
}

function file(path: string, from: string): ImageFile {
  return { path, bytes: readFileSync(from), mode: 0o755 };
}

function text(path: string, what: string): ImageFile {
  return { path, bytes: Buffer.from(what), mode: 0o644 };
}
