/** There is no run of that name; the message says where to find the names. */
export const unknownRun = (run: string): string =>
  `there is no run "${run}": pipeline history lists the runs`;
