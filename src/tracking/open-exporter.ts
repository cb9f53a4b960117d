import type { Exporter } from './exporter.ts';

/** What `pipeline export` writes; each is loaded only where it is asked for. */
export const exportFormats = ['csv', 'jsonl', 'parquet', 'tensorboard'] as const;

export type ExportFormat = (typeof exportFormats)[number];

/** `destination`: a folder, absolute or from the current one. */
export async function openExporter(format: ExportFormat, destination: string): Promise<Exporter> {
  switch (format) {
    case 'csv':
    case 'jsonl':
    case 'parquet':
      return (await import('./tables/table-exporter.ts')).tableExporter(destination, format);
    case 'tensorboard':
      return (await import('./tensorboard/tensorboard-exporter.ts')).tensorboardExporter(destination);
  }
}
