import { expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { parseControllerConfig } from './controller-config.ts';
import { controllerKeys } from './controller-keys.ts';

function faultsOf(text: string): readonly string[] {
  try {
    parseControllerConfig(text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, line, says }) => `${line} ${where}: ${says}`);
  }
}

test('an empty file is all defaults, in a cluster and without a cloud', () => {
  expect(parseControllerConfig('')).toMatchObject({
    namespace: 'kube-system',
    provider: 'podcidr',
    kubernetes: { access: 'in-cluster', server: undefined },
    leaked: { intervalMs: 300_000, atMost: 20 },
    http: { listen: undefined },
  });
});

test('the environment wins over the file, as a Deployment sets it', () => {
  const environment = { BERTH_REPLICA: 'berth-controller-1', BERTH_NAMESPACE: 'net', BERTH_LOG_LEVEL: 'debug' };
  expect(parseControllerConfig('namespace: other\nlog: {level: warn}', { environment })).toMatchObject({
    namespace: 'net',
    replica: 'berth-controller-1',
    log: { level: 'debug' },
  });
});

test('what is unknown or cannot be is refused, with its line', () => {
  expect(faultsOf('leaked:\n  intervall: 5m\n')).toEqual(['2 leaked.intervall: unknown key']);
  expect(faultsOf('calls:\n  changing: {burst: 0}\n')).toEqual([
    '2 calls.changing.burst: expected a whole number from 1 to 10000',
  ]);
});

test('on AWS the region must be said: the controller need not run on an instance', () => {
  expect(faultsOf('provider: aws\n')).toEqual([expect.stringContaining('aws.region: is missing') as string]);
  expect(faultsOf('provider: aws\naws: {region: eu-west-1}\n')).toEqual([]);
});

test('every key says what it is for', () => {
  expect(controllerKeys().filter(({ about }) => about === '')).toEqual([]);
});
