/** The settings of a point that say what an adapter is. */
export const loraSettings = ['r', 'alpha', 'dropout', 'targets', 'rslora', 'bias', 'modulesToSave'] as const;
