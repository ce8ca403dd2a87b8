import { CniError } from './error.ts';

/** The versions of the CNI specification that Berth speaks, oldest first. */
export const SUPPORTED_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type CniVersion = (typeof SUPPORTED_VERSIONS)[number];

export const NEWEST_VERSION: CniVersion = '1.1.0';

/** The verbs of the specification, in its own order. */
export const VERBS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;

export type Verb = (typeof VERBS)[number];

/** The first version of the specification that has the verb. */
const SINCE: Readonly<Record<Verb, CniVersion>> = {
  ADD: '0.3.0',
  DEL: '0.3.0',
  CHECK: '0.4.0',
  GC: '1.1.0',
  STATUS: '1.1.0',
  VERSION: '0.3.0',
};

/** Narrows a version of a configuration. Throws CniError(incompatibleVersion) for one that Berth does not speak. */
export function supportedVersion(text: string): CniVersion {
  const found = SUPPORTED_VERSIONS.find((version) => version === text);
  if (found !== undefined) return found;
  throw new CniError('incompatibleVersion', `cniVersion "${text.slice(0, 80)}" is not supported`, {
    details: `set cniVersion to one of ${SUPPORTED_VERSIONS.join(', ')}`,
  });
}

/** Throws CniError(incompatibleVersion) when `version` does not know the verb yet. */
export function requireVerb(verb: Verb, version: CniVersion): void {
  if (atLeast(version, SINCE[verb])) return;
  throw new CniError(
    'incompatibleVersion',
    `${verb} needs cniVersion ${SINCE[verb]}; the configuration has ${version}`,
    {
      details: `raise cniVersion to ${SINCE[verb]} or more`,
    },
  );
}

/** Whether `version` is `floor` or newer. */
export function atLeast(version: CniVersion, floor: CniVersion): boolean {
  return SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(floor);
}

/**
 * The answer to VERSION, as JSON. `asked` is the cniVersion on stdin: given back when Berth speaks it, else the newest.
 */
export function writeVersions(asked?: string): string {
  const cniVersion = SUPPORTED_VERSIONS.find((version) => version === asked) ?? NEWEST_VERSION;
  return JSON.stringify({ cniVersion, supportedVersions: SUPPORTED_VERSIONS });
}
