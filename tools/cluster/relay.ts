// A way to the API server for whoever is not in the cluster's network: what comes to a unix socket, which belongs to no
// network namespace, is passed on to an address of this one.
//   node relay.ts SOCKET HOST PORT
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { relay } from './gate.ts';

const [socket = '', host = '', port = ''] = process.argv.slice(2);

rmSync(socket, { force: true }); // of one before us
createServer({ allowHalfOpen: true }, (caller) =>
  relay(caller, connect({ host, port: Number(port), allowHalfOpen: true })),
).listen(socket);
