declare const brand: unique symbol;

/**
 * "train[aimc,lora]": a stage and the labels of its axes; "collate" for a stage without axes. Made by the
 * plan alone.
 */
export type InstanceId = string & { readonly [brand]: 'instance' };

/** The digest of a manifest. Never used to look up an object. */
export type Key = string & { readonly [brand]: 'key' };

/** One invocation of `pipeline run`: sortable by time, "20260131-142501-3f9a". */
export type RunId = string & { readonly [brand]: 'run' };

/** The stage that an instance is of: "train" of "train[aimc,lora]". */
export const stageOf = (id: string): string => id.split('[', 1)[0] ?? id;
