/** The API group of all kinds that are ours. */
export const BERTH_GROUP = 'berth.dev';
