/** A TensorFlow that can be installed: its wheel of PyPI has the library that the binding is linked with. */
export interface TensorflowRelease {
  readonly version: TensorflowVersion;
  readonly gpu: boolean;
  /** On PyPI. */
  readonly wheel: string;
  /** On npm. */
  readonly binding: string;
  /** Megabytes, as measured. */
  readonly download: number;
  readonly onDisk: number;
  /** Programs that must be there before anything is downloaded. */
  readonly needs: readonly string[];
  /** The additional requirements of a GPU, in words. */
  readonly cuda: string | undefined;
}

/** Those that are tested; the first is the default. */
export const tensorflowVersions = ['2.21.0', '2.9.1'] as const;
export type TensorflowVersion = (typeof tensorflowVersions)[number];

/** Of Node's C interface, which the binding is compiled with. */
export const nodeHeaders = 'node-api-headers@1.5.0';

/** What a version is made of, with or without the support of GPUs. */
export function tensorflowRelease(version: TensorflowVersion, gpu: boolean): TensorflowRelease {
  const isNew = version === '2.21.0';
  return {
    version,
    gpu,
    wheel: `${gpu ? 'tensorflow' : 'tensorflow-cpu'}==${version}`,
    binding: `@tensorflow/tfjs-node${gpu ? '-gpu' : ''}@4.22.0`,
    ...sizes[gpu ? (isNew ? 'newGpu' : 'oldGpu') : isNew ? 'newCpu' : 'oldCpu'],
    // The library of 2.9.1 is part of the Python extension: what it wants of Python is stubbed.
    needs: ['npm', 'python3', 'tar', 'g++', ...(isNew ? [] : ['gcc', 'nm'])],
    cuda: !gpu
      ? undefined
      : isNew
        ? 'an NVIDIA driver for CUDA 12.5 or newer (the CUDA 12 libraries are included)'
        : 'CUDA 11.2 and cuDNN 8.1, which you install yourself',
  };
}

const sizes = {
  newCpu: { download: 275, onDisk: 855 },
  oldCpu: { download: 208, onDisk: 490 },
  newGpu: { download: 3240, onDisk: 5400 },
  oldGpu: { download: 513, onDisk: 935 },
} as const;
