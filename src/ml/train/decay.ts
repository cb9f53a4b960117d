/**
 * Whether weight decay applies to a parameter: to all but norms and those with "bias" in their names, so that
 * the tables of relative attention biases have none. As Trainer.get_decay_parameter_names (transformers
 * 4.57.1).
 */
export const isDecayed = (name: string): boolean =>
  !/bias|layernorm|rmsnorm|(^|\.)norm(\.|$)|_norm(\.|$)/.test(name.toLowerCase());
