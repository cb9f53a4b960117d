/** In words that follow the name of the param. */
export const bf16NeedsTensorflow =
  'is bf16, which the onnx runtime has no products for: set `runtime: tensorflow`, or `precision: float32`';
