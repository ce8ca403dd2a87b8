import { describe, expect, test } from 'vitest';
import { keyOf, kubernetesVersions, type Recipe, recipeOf, STANDARD, suiteRecipe } from './recipe.ts';

const plain: Recipe = {
  files: { 'go.mod': 'module a', 'go.sum': '', 'main.go': 'package main' },
  products: { program: '.' },
  flags: ['-trimpath'],
  env: { CGO_ENABLED: '0' },
  compiler: 'go version go1.26 linux/amd64',
};

test('CI takes the newest version that there is a module for, and each makes what its name says', () => {
  expect(kubernetesVersions().at(-1)).toBe(STANDARD);
  for (const version of kubernetesVersions()) {
    const { files, flags } = recipeOf(version);
    expect(files['go.mod']).toContain(`k8s.io/kubernetes v${version}\n`);
    expect(flags.join(' ')).toContain(`version.gitVersion=v${version} `);
  }
});

test('the tests of that version can be built, and what their pods run', () => {
  expect(suiteRecipe(STANDARD).files['go.mod']).toContain(`k8s.io/kubernetes v${STANDARD}\n`);
  expect(Object.keys(suiteRecipe(STANDARD).products)).toEqual(['berth-e2e', 'agnhost']);
});

test('a version that has no module is refused, with those that have one', () => {
  expect(() => recipeOf('1.2.3')).toThrow(/^native\/kubernetes has no 1\.2\.3; it has 1\.\d+\./);
});

describe('the key of what is built', () => {
  test('is the same for the same recipe', () => {
    expect(keyOf({ ...plain })).toBe(keyOf(plain));
    expect(keyOf(plain)).toMatch(/^[0-9a-f]{16}$/);
  });

  test.each<[string, Partial<Recipe>]>([
    ['module', { files: { ...plain.files, 'go.mod': 'module b' } }],
    ['checksums', { files: { ...plain.files, 'go.sum': 'h1:' } }],
    ['source', { files: { ...plain.files, 'main.go': 'package other' } }],
    ['product', { products: { program: './other' } }],
    ['flags', { flags: ['-trimpath', '-race'] }],
    ['environment', { env: { CGO_ENABLED: '1' } }],
    ['compiler', { compiler: 'go version go1.27 linux/amd64' }],
  ])('is another with another %s', (_, change) => {
    expect(keyOf({ ...plain, ...change })).not.toBe(keyOf(plain));
  });
});
