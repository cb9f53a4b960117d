/**
 * Every op of a graph, a line for each family of `ops/`. Types only: no program includes this file. A table
 * that spreads the columns of the families is a `Record<OpName, …>`, so that an op without a line in one of
 * them does not compile.
 */
export type OpName =
  // source
  | 'Input'
  | 'Constant'
  // layout
  | 'Reshape'
  | 'Transpose'
  | 'Expand'
  | 'ReduceSum'
  | 'Slice'
  | 'Pad'
  | 'Concat'
  // elementwise
  | 'Add'
  | 'Subtract'
  | 'Multiply'
  | 'Divide'
  | 'Maximum'
  | 'Equal'
  | 'Less'
  | 'Where'
  | 'Negate'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Tanh'
  | 'Sigmoid'
  | 'Erf'
  | 'Relu'
  | 'Square'
  | 'Reciprocal'
  | 'Cast'
  | 'StopGradient'
  // reduction
  | 'ReduceMean'
  | 'ReduceMax'
  // matmul
  | 'MatMul'
  // normalization
  | 'Softmax'
  | 'LogSoftmax'
  | 'RmsNorm'
  | 'InverseRms'
  | 'LayerNorm'
  // activation
  | 'GeluTanh'
  | 'GeluErf'
  // indexing
  | 'Gather'
  | 'Pack'
  | 'Unpack'
  // selection
  | 'LargestValues'
  | 'LargestPlaces'
  // loss
  | 'CrossEntropy'
  | 'SubtractOneHot'
  // random
  | 'HashCombine'
  | 'Draw'
  | 'KeepMask'
  | 'KeepMaskOfHalves';
