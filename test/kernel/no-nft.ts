import type { NftDoor } from '../../src/io/kernel/nft-door.ts';

/** nftables for tests that are about links alone. */
export const noNft = (): NftDoor => ({
  ensure: () => ({ made: [] }),
  remove: () => [],
  observe: () => [],
  inventory: () => [],
  forgetFlows: async () => {},
  refresh: async () => {},
  watch: () => () => {},
  close: () => {},
});
