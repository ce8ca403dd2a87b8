import { expect, test } from 'vitest';
import { SUPPORTED_VERSIONS, writeVersions } from './version.ts';

test.each([...SUPPORTED_VERSIONS])('VERSION gives back %s, which it speaks (C7)', (version) => {
  expect(JSON.parse(writeVersions(version))).toEqual({
    cniVersion: version,
    supportedVersions: [...SUPPORTED_VERSIONS],
  });
});

test('VERSION answers the newest when asked nothing or something else (C7)', () => {
  for (const asked of [undefined, '', '9.9.9']) expect(JSON.parse(writeVersions(asked)).cniVersion).toBe('1.1.0');
});
