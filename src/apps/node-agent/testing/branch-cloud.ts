import { address } from '../../../base/ip.ts';
import { mac } from '../../../base/mac.ts';
import type { BranchReport, BranchSpec } from '../../../core/branches/branch.ts';
import type { NicId, Token } from '../../../core/ipam/nic.ts';
import type { BranchProvider } from '../../../io/cloud/branches.ts';
import type { CloudError } from '../../../io/cloud/provider.ts';
import type { FakeKernel } from '../../../io/kernel/fake-kernel.ts';

/** The MAC of the trunk's link. */
export const TRUNK = mac('0a:00:00:00:01:00');

/** A cloud of branch NICs in memory, whose answers a test may hold back. It plugs each NIC's link in. */
export class BranchCloud implements BranchProvider {
  readonly nics = new Map<NicId, BranchReport>();
  readonly removed: NicId[] = [];
  gate: Promise<unknown> = Promise.resolve();
  failure: CloudError | undefined;
  readonly #kernel: FakeKernel;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  readonly most = () => Promise.resolve(2);
  readonly told: NicId[][] = [];

  report(): Promise<readonly BranchReport[]> {
    this.told.push([...this.nics.keys()]);
    return Promise.resolve([...this.nics.values()]);
  }

  readonly asked: { token: Token; spec: BranchSpec }[] = [];

  async create(spec: BranchSpec, token: Token): Promise<BranchReport> {
    const { groups } = spec;
    this.asked.push({ token, spec });
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const n = this.nics.size + this.removed.length + 1;
    const own = mac(`0a:00:00:00:00:0${n}`);
    const report: BranchReport = {
      ...{
        id: `eni-${n}` as NicId,
        mac: own,
        vlan: n,
        trunkMac: TRUNK,
        subnet: spec.place?.subnet ?? 's',
        carried: true,
        groups,
      },
      gateways: [address('10.0.0.1')],
      addresses: [address(`10.0.0.${10 + n}`)],
    };
    this.nics.set(report.id, report);
    this.plug(`branch${n}`, own);
    return report;
  }

  readonly trunksRemoved: number[] = [];

  removeTrunk(): Promise<void> {
    this.trunksRemoved.push(this.nics.size);
    return Promise.resolve();
  }

  remove(nic: NicId): Promise<void> {
    this.nics.delete(nic);
    this.removed.push(nic);
    return Promise.resolve();
  }

  plug(name: string, of: BranchReport['mac']): void {
    const link = { name, mac: of, mtuBytes: 9001, up: false, addresses: [], defaultRoute: [] };
    this.#kernel.setHostLinks([...this.#kernel.world.hostLinks, link]);
  }
}
