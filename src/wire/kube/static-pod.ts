import { AnnotationError, type KeepAsk, readAnnotations, readAsks } from './annotations.ts';
import { type KubeObject, loose, looseList, text } from './object.ts';

/** What the controller keeps of a Pod that asks to keep its address. */
export interface StaticPodShape extends KeepAsk {
  readonly node: string; // '': not bound yet
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined; // a StatefulSet
}

/** Of any other pod: one value for all of them, since there are many. */
export const NOT_STATIC = 'not static';

/** Reads a Pod. One that will never run again asks for nothing, nor does one whose wish is refused by its node. */
export function readStaticPod({ metadata, spec, status }: KubeObject): StaticPodShape | typeof NOT_STATIC {
  const { phase } = loose(status);
  const { nodeName, hostNetwork } = loose(spec);
  const keep = hostNetwork === true ? undefined : keepOf(loose(metadata['annotations']));
  if (keep === undefined || phase === 'Succeeded' || phase === 'Failed') return NOT_STATIC;
  const owners = looseList(metadata['ownerReferences']);
  const owner = owners.find(({ kind, controller }) => kind === 'StatefulSet' && controller === true);
  const { name, uid } = owner ?? {};
  return {
    ...keep,
    node: text(nodeName),
    owner: owner && { kind: 'StatefulSet', name: text(name), uid: text(uid) },
  };
}

function keepOf(annotations: Readonly<Record<string, unknown>>): KeepAsk | undefined {
  try {
    return readAsks(readAnnotations(annotations)).keep;
  } catch (error) {
    if (error instanceof AnnotationError) return undefined;
    throw error;
  }
}
