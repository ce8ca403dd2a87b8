import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { berthText, madeFiles } from './manifest.ts';
import { berthObjects } from './objects.ts';
import { DEFAULTS } from './values.ts';

test.each(madeFiles())('$path, which users apply, is what its source says', ({ path, text }) => {
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('a manifest is YAML that says what the objects say', () => {
  const wanted = JSON.parse(JSON.stringify(berthObjects({ ...DEFAULTS, image: 'other:1' }))) as unknown;
  const documents = parseAllDocuments(berthText('other:1'));
  expect(documents.map((one) => one.toJS() as unknown)).toEqual(wanted);
});

test('no agent has rights that are not written down with their reason: it is not privileged, and drops all others', () => {
  const text = berthText();
  expect(text).not.toContain('privileged');
  expect(text).toContain('drop:\n                - ALL');
  expect(text).not.toContain("'*'");
});

test('the controller runs as nobody, with no right on its node; two replicas, never both evicted', () => {
  const objects = berthObjects() as readonly {
    readonly kind: string;
    readonly spec?: Readonly<Record<string, unknown>>;
  }[];
  const specOf = (kind: string) => objects.find((object) => object.kind === kind)?.spec;
  expect(specOf('Deployment')).toMatchObject({
    replicas: 2,
    template: {
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            securityContext: {
              readOnlyRootFilesystem: true,
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
  });
  expect(JSON.stringify(specOf('Deployment'))).not.toContain('hostPath');
  expect(specOf('PodDisruptionBudget')).toMatchObject({ maxUnavailable: 1 });
});
