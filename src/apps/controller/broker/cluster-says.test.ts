import { expect, test } from 'vitest';
import type { Sources } from '../sources.ts';
import { saysIn } from './cluster-says.ts';

/** Sources that know these objects; `synced`: and that there are no others. */
function says(synced: boolean) {
  const source = (objects: Readonly<Record<string, object>>) => {
    const it = {
      ...{ synced, want: () => it },
      get: (key: string) => objects[key],
      entries: () => Object.entries(objects),
    };
    return it;
  };
  const none = source({});
  return saysIn({
    ...{ nicConfigs: source({ blue: { name: 'blue', subnet: 'subnet-1', groups: [] } }), eniConfigs: none },
    ...{ podSecurityGroups: source({ 'shop/web': { groups: ['sg-1'] } }), securityGroupPolicies: none },
  } as unknown as Sources);
}

test('what is not among the objects that there are is nowhere', () => {
  const { placeOf, gives } = says(true);
  expect([placeOf('blue')?.subnet, placeOf('red'), gives('sg-1'), gives('sg-2')]).toEqual([
    'subnet-1',
    undefined,
    true,
    false,
  ]);
});

test('a replica that has not been told of all of them says so of those that it does not know, and nothing else', () => {
  const { placeOf, gives } = says(false);
  expect([placeOf('blue')?.subnet, gives('sg-1')]).toEqual(['subnet-1', true]);
  const busy = expect.objectContaining({ kind: 'busy', code: 'NotTold' });
  expect(() => placeOf('red')).toThrow(busy);
  expect(() => gives('sg-2')).toThrow(busy);
});
