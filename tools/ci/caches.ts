import { existsSync } from 'node:fs';
import { isBuilt, type Recipe, dnsRecipe, recipeOf, STANDARD, suiteRecipe } from '../cluster/kubernetes/recipe.ts';
import { containerd2Folder } from '../../test/runtime/containerd2.ts';
import { helmFolder } from '../helm-folder.ts';
import { referenceFolder } from '../reference-plugins.ts';

/** What CI builds or fetches once, keeps outside of the tree, and does not find: empty where its caches are warm. */
export function missingCaches(): readonly string[] {
  const kept: readonly (readonly [what: string, isThere: () => boolean])[] = [
    [`Kubernetes ${STANDARD}`, () => has(recipeOf)],
    ['its tests', () => has(suiteRecipe)],
    ['CoreDNS', () => has(dnsRecipe)],
    ['Helm', () => existsSync(helmFolder())],
    ['the reference plugins', () => existsSync(referenceFolder())],
    ['containerd 2', () => existsSync(containerd2Folder())],
  ];
  return kept.flatMap(([what, isThere]) => (isThere() ? [] : [what]));
}

/** Without Go there is no recipe, and nothing is built by it. */
function has(recipe: (version: string) => Recipe): boolean {
  try {
    return isBuilt(recipe(STANDARD));
  } catch {
    return false;
  }
}
