import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { productOf } from '../tensor/dimension.ts';
import type { Graph, Node, Shape } from '../tensor/node.ts';
import { gather } from '../tensor/ops/indexing.ts';
import { reshape, slice } from '../tensor/ops/layout.ts';
import { input } from '../tensor/ops/source.ts';
import { paddingMask } from './packed-rows.ts';

/**
 * The state kept from step to step: keys and values of a source's tokens "cross.…", and those of the tokens
 * of all its beams, each in a slot of its own, "past.…"; and "step.states", what the head makes scores of.
 */
export const decoderVariables = (config: Mt5Config): Readonly<Record<string, Shape>> => ({
  ...Object.fromEntries(
    partsOf(config).flatMap(([layer, part]) =>
      (['cross', 'past'] as const).map(
        (kind) => [`${kind}.${layer}.${part}`, cacheShape(config, kind)] as const,
      ),
    ),
  ),
  'cross.mask': ['batch', 1, 1, 'source'],
  'step.states': stateShape(config),
});

/** Of "step.states": a row for each beam of the last step. */
export const stateShape = ({ dModel }: Mt5Config): Shape => ['stateRows', dModel];

const lengths = { cross: 'source', past: 'past' } as const;

const cacheShape = ({ numHeads, dKv }: Mt5Config, kind: keyof typeof lengths): Shape => [
  'batch',
  numHeads,
  lengths[kind],
  dKv,
];

/** A cache of a layer, as a step reads it. */
export const cacheOf = (
  config: Mt5Config,
  kind: keyof typeof lengths,
  layer: number,
  part: 'key' | 'value',
): Node => input(`${kind}.${layer}.${part}`, 'float32', cacheShape(config, kind));

const partsOf = ({ numDecoderLayers }: Mt5Config): readonly (readonly [number, 'key' | 'value'])[] =>
  Array.from({ length: numDecoderLayers }, (_, layer) => [
    [layer, 'key'] as const,
    [layer, 'value'] as const,
  ]).flat();

/** No token yet: the past is one slot, which no beam sees. */
export const emptyCaches = (config: Mt5Config, cross: Graph['outputs']): Readonly<Record<string, Node>> =>
  Object.fromEntries(
    partsOf(config).map(([layer, part]) => {
      const any = cross[`cross.${layer}.${part}`];
      if (any === undefined) throw new Error(`the source has no ${part} of layer ${layer}`);
      return [`past.${layer}.${part}`, slice(any, 2, 0, 1)] as const;
    }),
  );

/**
 * Of the past, the slots that "slots" int32 [kept, heads, folded] names, by their place over all sources and
 * heads.
 */
export const foldedCaches = (config: Mt5Config): Readonly<Record<string, Node>> =>
  Object.fromEntries(
    partsOf(config).map(([layer, part]) => {
      const slots = reshape(cacheOf(config, 'past', layer, part), [
        productOf(['batch', config.numHeads, 'past']),
        config.dKv,
      ]);
      const folded = gather(slots, input('slots', 'int32', ['kept', config.numHeads, 'folded']));
      return [`past.${layer}.${part}`, folded] as const;
    }),
  );

/** The sources that "kept" int32 [kept] names. */
export const keptSources = (config: Mt5Config): Readonly<Record<string, Node>> =>
  Object.fromEntries(
    [
      ...partsOf(config).map(
        ([layer, part]) => [`cross.${layer}.${part}`, cacheOf(config, 'cross', layer, part)] as const,
      ),
      ['cross.mask', paddingMask('cross.mask')] as const,
    ].map(([name, cache]) => [name, gather(cache, input('kept', 'int32', ['kept']))]),
  );
