import type { Activation } from '../../ml/checkpoint/mt5-config.ts';
import type { GraphBuilder } from './graph-builder.ts';

/**
 * The activation of a feed-forward layer, by its name in transformers' ACT2FN (4.57.1), in operators of opset
 * 17.
 */
export function activate(builder: GraphBuilder, activation: Activation, x: string): string {
  const number = (value: number): string => builder.constant('float32', [], [value]);
  const multiply = (a: string, b: string): string => builder.apply('Mul', [a, b]);
  const add = (a: string, b: string): string => builder.apply('Add', [a, b]);
  const half = (factor: string): string => multiply(multiply(x, number(0.5)), add(factor, number(1)));
  switch (activation) {
    case 'relu':
      return builder.apply('Relu', [x]);
    case 'gelu':
    case 'gelu_python':
      return half(builder.apply('Erf', [multiply(x, number(Math.SQRT1_2))]));
    case 'gelu_new':
    case 'gelu_fast':
    case 'gelu_pytorch_tanh': {
      const cube = multiply(multiply(x, x), multiply(x, number(0.044715)));
      return half(builder.apply('Tanh', [multiply(add(x, cube), number(Math.sqrt(2 / Math.PI)))]));
    }
    case 'silu':
    case 'swish':
      return multiply(x, builder.apply('Sigmoid', [x]));
    case 'quick_gelu':
      return multiply(x, builder.apply('Sigmoid', [multiply(x, number(1.702))]));
  }
}
