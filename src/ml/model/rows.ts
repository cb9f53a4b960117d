/** Token ids of the rows of a batch, without padding; no row is empty. */
export type Rows = readonly (readonly number[])[];
