import { expect, test } from 'vitest';
import { readObject } from '../object.ts';
import { nicConfigsOf, nodeNicConfig, readNicConfig } from './nic-config.ts';

const node = (annotations: object, labels: object = {}) => readObject({ metadata: { name: 'a', annotations, labels } });
const eni = 'k8s.amazonaws.com/eniConfig';
const zone = 'topology.kubernetes.io/zone';

test('A47: a Node names its NICConfig as with aws-node, and Berth’s own name goes first', () => {
  const names = (annotations: object, labels: object = {}, key = eni) => nodeNicConfig(node(annotations, labels), key);
  expect(names({})).toBe('default');
  expect(names({}, { [zone]: 'eu-1a' }, zone)).toBe('eu-1a');
  expect(names({ [eni]: 'annotated' }, { [eni]: 'labelled' })).toBe('annotated');
  expect(names({ [eni]: 'annotated' }, { 'vpc.amazonaws.com/externalEniConfig': 'external' })).toBe('external');
  expect(names({ 'berth.dev/nic-config': 'own' }, { 'vpc.amazonaws.com/externalEniConfig': 'external' })).toBe('own');
  expect(names({}, { 'berth.dev/nic-config': 'own' })).toBe('own');
});

test('A47: ENIConfigs are read as they are; of one name the NICConfig counts; who says no subnet says nothing', () => {
  const read = (name: string, spec: object) => readNicConfig(readObject({ metadata: { name }, spec }));
  const own = [read('b', { subnet: 'subnet-own' }), read('broken', { securityGroups: ['sg-1'] })];
  const others = [
    read('b', { subnet: 'subnet-theirs' }),
    read('a', { subnet: 'subnet-a', securityGroups: ['sg-1', 'sg-2'] }),
  ];
  expect(nicConfigsOf(own, others)).toEqual([
    { name: 'a', subnet: 'subnet-a', groups: ['sg-1', 'sg-2'] },
    { name: 'b', subnet: 'subnet-own', groups: [] },
  ]);
});
