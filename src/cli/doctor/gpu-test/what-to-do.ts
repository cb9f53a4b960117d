import manifest from '../../../../package.json' with { type: 'json' };

/** What ends the help of a check that a user cannot mend. */
export const reportIt = `report the block below at ${manifest.bugs}`;
