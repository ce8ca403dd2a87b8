import { assign, moveAddress, unassign } from './addresses.ts';
import type { Answer } from './answer.ts';
import { type Done, isFault } from './change.ts';
import type { Cloud, Env } from './cloud.ts';
import { describe, describeTags, lookOf } from './describe.ts';
import type { Fault } from './fault.ts';
import { addRules, createGroup, deleteGroup, removeRules } from './groups.ts';
import { modifyInstance, runInstances, terminateInstances } from './instances.ts';
import * as net from './net.ts';
import { attachNic, createNic, deleteNic, detachNic, modifyNic } from './nics.ts';
import type { Id } from './nouns.ts';
import type { Request } from './request.ts';
import * as routes from './routes.ts';
import { removeTags, setTags } from './tags.ts';
import { associateTrunk, disassociateTrunk } from './trunks.ts';

/** How each request is done: all of it, or nothing. */
type Deeds = {
  readonly [D in Request['do']]: (
    cloud: Cloud,
    request: Extract<Request, { readonly do: D }>,
    env: Env,
    from: Id | undefined,
  ) => Done | Fault;
};

const DEEDS: Deeds = {
  'create-vpc': net.createVpc,
  'delete-vpc': net.deleteVpc,
  'add-range': net.addRange,
  'remove-range': net.removeRange,
  'create-subnet': net.createSubnet,
  'delete-subnet': net.deleteSubnet,
  'modify-subnet': net.modifySubnet,
  'reserve-range': net.reserveRange,
  'release-range': net.releaseRange,
  'create-group': createGroup,
  'delete-group': deleteGroup,
  'add-rules': addRules,
  'remove-rules': removeRules,
  'create-table': routes.createTable,
  'delete-table': routes.deleteTable,
  'add-route': routes.addRoute,
  'replace-route': routes.replaceRoute,
  'delete-route': routes.deleteRoute,
  'associate-table': routes.associateTable,
  'disassociate-table': routes.disassociateTable,
  'create-gateway': routes.createGateway,
  'attach-gateway': routes.attachGateway,
  'detach-gateway': routes.detachGateway,
  'delete-gateway': routes.deleteGateway,
  'create-nat': routes.createNat,
  'delete-nat': routes.deleteNat,
  'run-instances': runInstances,
  'terminate-instances': terminateInstances,
  'modify-instance': modifyInstance,
  'create-nic': createNic,
  'delete-nic': deleteNic,
  'attach-nic': attachNic,
  'detach-nic': detachNic,
  'modify-nic': modifyNic,
  'associate-trunk': associateTrunk,
  'disassociate-trunk': disassociateTrunk,
  assign,
  unassign,
  'move-address': moveAddress,
  'set-tags': setTags,
  'remove-tags': removeTags,
  describe: (cloud, request, { now }, instance) =>
    told(cloud, describe(cloud, request, lookOf(cloud, { viewer: 'describe', now, instance }))),
  'describe-tags': (cloud, request, { now }, instance) =>
    told(cloud, describeTags(cloud, request, lookOf(cloud, { viewer: 'describe', now, instance }))),
};

/** Does what is asked, whoever asks. `from`: the instance that does. */
export function perform(
  cloud: Cloud,
  request: Request,
  { env, from }: { readonly env: Env; readonly from?: Id | undefined },
): Done | Fault {
  // The table has a function of the right kind for each request, which its type cannot say of one that is any of them.
  const deed = DEEDS[request.do] as (cloud: Cloud, request: Request, env: Env, from?: Id) => Done | Fault;
  return deed(cloud, request, env, from);
}

function told(cloud: Cloud, answer: Answer | Fault): Done | Fault {
  return isFault(answer) ? answer : { cloud, answer, touched: [] };
}

/** Whether a request only looks. */
export function isLook({ do: what }: Request): boolean {
  return what === 'describe' || what === 'describe-tags';
}
