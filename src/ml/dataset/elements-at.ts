/** The elements at these places of a list; a place that it does not have is a bug. */
export const elementsAt = <T>(list: readonly T[], places: readonly number[]): readonly T[] =>
  places.map((place) => {
    const element = list[place];
    if (element === undefined)
      throw new Error(`element ${place} is out of range in a list of ${list.length}`);
    return element;
  });
