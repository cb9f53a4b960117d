/**
 * Whether `uses` names a module of an installed package ("medical-qa-pipeline/stages/train") rather than a
 * file of the project: a file has an extension.
 */
export const namesModule = (uses: string): boolean => !uses.slice(uses.lastIndexOf('/') + 1).includes('.');
