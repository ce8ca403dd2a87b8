import * as z from 'zod';
import { expecting } from './values.ts';

/** `kubernetes.server`, of the agent and of the controller. */
export const serverKey = z
  .url({ error: expecting('a URL') })
  .optional()
  .describe('Where the API server answers, in-cluster. Absent: the Service kubernetes, which needs kube-proxy.');
