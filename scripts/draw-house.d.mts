/** The parts of the project, then the rooms of the runner, each as a Mermaid flow chart. */
export function drawHouse(root: string): readonly [parts: string, rooms: string];
