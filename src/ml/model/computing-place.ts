/** What computes a graph: engines and devices are fast at different forms of the same training. */
export interface ComputingPlace {
  readonly runtime: 'onnx' | 'tensorflow';
  readonly device: 'cpu' | 'cuda';
}

/** Where a runtime computes; `device`: as the engine reports it, "cpu" or "cuda:0 NVIDIA H200". */
export const computingPlaceOf = ({
  name,
  device,
}: {
  readonly name: ComputingPlace['runtime'];
  readonly device: string;
}): ComputingPlace => ({
  runtime: name,
  device: device === 'cpu' ? 'cpu' : 'cuda',
});
