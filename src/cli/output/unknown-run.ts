/** There is no run of that name; the message says where to find one. */
export const unknownRun = (run: string): string =>
  `there is no run "${run}": pipeline history lists the runs`;
