/** The settings of a point that define an adapter. */
export const loraSettings = ['r', 'alpha', 'dropout', 'targets', 'rslora', 'bias', 'modulesToSave'] as const;
