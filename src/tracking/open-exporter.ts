import type { Result } from '../result.ts';
import type { Exporter } from './exporter.ts';

/** The formats of `pipeline export`, each imported lazily. */
export const exportFormats = ['csv', 'jsonl', 'parquet', 'tensorboard', 'mlflow', 'wandb'] as const;

export type ExportFormat = (typeof exportFormats)[number];

export interface ExportPlace {
  readonly format: ExportFormat;
  /** A folder, absolute or from the current one; the URL of a server. */
  readonly destination: string;
  /** The name of the pipeline, which trackers group models by. */
  readonly pipeline: string;
  /** Where credentials come from. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * The exporter of a format; what it needs is loaded only then. The error says what is wrong with its
 * place.
 */
export async function openExporter({
  format,
  destination,
  pipeline,
  environment,
}: ExportPlace): Promise<Result<Exporter>> {
  switch (format) {
    case 'csv':
    case 'jsonl':
    case 'parquet': {
      const { tableExporter } = await import('./tables/table-exporter.ts');
      return { ok: true, value: tableExporter(destination, format) };
    }
    case 'tensorboard': {
      const { tensorboardExporter } = await import('./tensorboard/tensorboard-exporter.ts');
      return { ok: true, value: tensorboardExporter(destination) };
    }
    case 'wandb': {
      const { wandbExporter } = await import('./wandb/wandb-exporter.ts');
      return { ok: true, value: wandbExporter(destination, pipeline) };
    }
    case 'mlflow': {
      const { mlflowExporter } = await import('./mlflow/mlflow-exporter.ts');
      return mlflowExporter(destination, pipeline, environment);
    }
  }
}
