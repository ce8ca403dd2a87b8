import { filePath, oneOf, whole } from './values.ts';

/** The section `log`, of the agent and of the controller. */
export const logKeys = {
  level: oneOf(['error', 'warn', 'info', 'debug']).default('info').describe('What is logged.'),
  format: oneOf(['json', 'text'])
    .default('json')
    .describe('One JSON object a line, or text for eyes.')
    .meta({ restart: true }),
  file: filePath
    .optional()
    .describe('A file in place of standard error, for where nobody bounds the latter.')
    .meta({ restart: true }),
  fileLimit: whole(1, 10_240)
    .default(20)
    .describe('So many MiB are in that file at most; then it is `<file>.1`, in place of the one before.')
    .meta({ restart: true }),
};
