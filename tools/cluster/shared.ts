import { dirname, resolve } from 'node:path';

/** Where each node has the built Kubernetes. */
export const KUBE = '/usr/local/bin/berth-kube';

/** Where each node has the archives of images. */
export const IMAGES = '/var/lib/images';

/** Where the relay to the API server listens, in a folder that is seen outside as well. */
export const API = '/run/door/api.sock';

/** The clone that we run from. */
export const CLONE = resolve(import.meta.dirname, '../..');

/** What a node sees as it is outside: this clone, and the Node that runs us. Where they are on its root, twice. */
export const SHARED: readonly string[] = [CLONE, dirname(process.execPath)];
