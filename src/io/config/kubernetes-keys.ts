import * as z from 'zod';
import { POD_IPS_NAMES } from '../../wire/kube/pod-ips.ts';
import { list } from './section.ts';
import { expecting, oneOf } from './values.ts';

/** `kubernetes.server`, of the agent and of the controller. */
export const serverKey = z
  .url({ error: expecting('a URL') })
  .optional()
  .describe('Where the API server answers, in-cluster. Absent: the Service kubernetes, which needs kube-proxy.');

/** Annotations for pods' addresses. */
export const podIpsKey = list(oneOf(POD_IPS_NAMES), POD_IPS_NAMES.length)
  .default([])
  .describe(
    `Annotations that the addresses of a pod are written to before its ADD is answered: ${POD_IPS_NAMES.map((name) => `\`${name}\``).join(', ')}. AWS: ANNOTATE_POD_IP.`,
  );
