import { expect, test } from 'vitest';
import { reportText, specsOf } from './report.ts';

const spec = { ContainerHierarchyTexts: ['[sig-network] Services'], LeafNodeType: 'It', RunTime: 1_234_000_000 };
const reports = [
  {
    SpecReports: [
      { ...spec, LeafNodeText: 'serve', State: 'passed' },
      { ...spec, LeafNodeText: 'fail', State: 'failed', Failure: { Message: 'timed out\nwaiting' } },
      { ...spec, LeafNodeText: 'not chosen', State: 'skipped', RunTime: 0 },
      { ...spec, LeafNodeText: 'not there yet', State: 'pending', RunTime: 0 },
      { ...spec, ContainerHierarchyTexts: null, LeafNodeType: 'ReportAfterSuite', LeafNodeText: '', State: 'passed' },
    ],
  },
];

test('what ran is told, in its order, with what went wrong; what was not chosen is not', () => {
  expect(specsOf(reports)).toEqual([
    { name: '[sig-network] Services serve', passed: true, seconds: 1.23 },
    { name: '[sig-network] Services fail', passed: false, seconds: 1.23, failure: 'timed out\nwaiting' },
  ]);
});

test('a suite that could not be prepared has failed, though no spec of it did', () => {
  const broken = { ContainerHierarchyTexts: null, LeafNodeType: 'SynchronizedBeforeSuite', LeafNodeText: '' };
  const report = { SpecReports: [{ ...broken, State: 'failed', RunTime: 0, Failure: { Message: 'no nodes' } }] };
  expect(specsOf([report])).toEqual([
    { name: 'SynchronizedBeforeSuite', passed: false, seconds: 0, failure: 'no nodes' },
  ]);
});

test('the text ends with a line that CI counts', () => {
  expect(reportText(specsOf(reports))).toBe(
    [
      '✓ [sig-network] Services serve (1.2 s)',
      '✗ [sig-network] Services fail (1.2 s)',
      '    timed out',
      '    waiting',
      '',
      '1 passed, 1 failed',
    ].join('\n'),
  );
});
