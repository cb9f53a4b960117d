/** What `pipeline init` starts from: a small example, or the default experiment with its model and data. */
export const templates = ['starter', 'finetune'] as const;
export type Template = (typeof templates)[number];
