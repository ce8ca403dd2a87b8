import type { KernelCase } from './kernel-stage.ts';
import { makingCases } from './making-cases.ts';
import { removingCases } from './removing-cases.ts';
import { tellingCases } from './telling-cases.ts';

/** What the door promises. Real and fake kernel run through the same cases. */
export const kernelCases: readonly KernelCase[] = [...makingCases, ...removingCases, ...tellingCases];
