/**
 * node:http as an ordinary import, less its face for ES modules: that face reads every export at once, and one of them
 * loads undici, which is 13 MB of memory for nothing (Node 24.21).
 */
export const { createServer, request } = process.getBuiltinModule('node:http');
