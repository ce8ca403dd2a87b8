import { AssignPrivateIpAddressesCommand } from '@aws-sdk/client-ec2';
import type { Address } from '../../../base/ip.ts';
import type { NicId } from '../../../core/ipam/nic.ts';
import { type Brought, CloudError, type Urgency } from '../provider.ts';
import { type AssignDoors, unassign } from './assign.ts';
import { isAmbiguous } from './errors.ts';

/**
 * That very address onto a NIC, taken off `from` first where it is still there. EC2 may move it by itself
 * (AllowReassignment), and then from whomever has it: it is told not to. Throws CloudError.
 */
export async function bring(doors: AssignDoors, it: Brought, urgency: Urgency): Promise<void> {
  try {
    await assignThat(doors, it, urgency);
  } catch (error) {
    if (!(error instanceof CloudError) || !mayBeThere(error)) throw error;
    const shown = await holdersOf(doors, it, urgency);
    const holder = error.kind === 'limit' ? fullOf(shown, it) : shown.find((nic) => nic !== it.nic);
    if (holder === undefined && error.kind === 'limit') throw error;
    if (holder === undefined && error.kind === 'taken') throw takenBy(error, it, undefined);
    if (holder !== undefined && holder !== it.nic && holder !== it.from) throw takenBy(error, it, holder);
    if (holder !== undefined) await unassign(doors, { nic: holder, what: [it.address] }, urgency);
    await assignThat(doors, it, urgency);
  }
}

/** A full NIC refuses what it has, too; a Describe may still show what has left: so it is put there anew. */
function fullOf(shown: readonly NicId[], { nic }: Brought): NicId | undefined {
  return shown.find((it) => it === nic);
}

/** A NIC that is full refuses what it has already, too. */
function mayBeThere(error: CloudError): boolean {
  return error.kind === 'taken' || error.kind === 'limit' || isAmbiguous(error);
}

/**
 * On the NIC already = success: only the refusal says so. A Describe may not know it yet, and may show what has left.
 */
async function assignThat(doors: AssignDoors, it: Brought, urgency: Urgency): Promise<void> {
  try {
    await once(doors, it, urgency);
  } catch (error) {
    if (!(error instanceof CloudError) || !error.message.includes(`already assigned to ${it.nic}`)) throw error;
  }
}

async function once({ ec2, nics }: AssignDoors, { nic, address }: Brought, urgency: Urgency): Promise<void> {
  const subnet = nics.known.find(({ id }) => id === nic)?.subnet;
  const asked = { action: 'AssignPrivateIpAddresses', urgency, again: false, ...(subnet && { subnet }) };
  await ec2.ask(asked, (client) =>
    client.send(
      new AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: nic,
        PrivateIpAddresses: [address],
        AllowReassignment: false,
      }),
    ),
  );
}

/** The NICs that have an address of the subnet, as their own or besides: two, where one is told of late. */
async function holdersOf(
  { nics }: AssignDoors,
  { nic, address }: Brought,
  urgency: Urgency,
): Promise<readonly NicId[]> {
  const subnet = nics.known.find(({ id }) => id === nic)?.subnet;
  const filters = [{ Name: 'addresses.private-ip-address', Values: [address] }];
  if (subnet !== undefined) filters.push({ Name: 'subnet-id', Values: [subnet as Address] });
  const found = await nics.describe(filters, urgency);
  return found.flatMap(({ NetworkInterfaceId: id }) => (id === undefined ? [] : (id as NicId)));
}

function takenBy({ action, code }: CloudError, { address }: Brought, holder: NicId | undefined): CloudError {
  const who =
    holder ?? 'somebody whom the cloud does not show: in a prefix of a NIC, or by a reservation of the subnet';
  return new CloudError('taken', { action, code, message: `${action}: ${address} is held by ${who}` });
}
