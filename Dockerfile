# docker build --target cpu -t medical-qa .          docker run --rm -v "$PWD/artifacts:/app/artifacts" -v "$PWD/cache:/app/cache" medical-qa
# docker build --target gpu -t medical-qa-gpu .      docker run --rm --gpus all … medical-qa-gpu

FROM node:20-bookworm-slim AS cpu
# better-sqlite3 compiles itself where its prebuilt file cannot be had.
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN scripts/prepare-container.sh cpu
ENTRYPOINT ["npx", "--no-install", "pipeline"]
CMD ["run"]

# tfjs-node-gpu 4.22 loads TensorFlow 2.9.1, which is built for CUDA 11.2 and cuDNN 8.1.
FROM nvidia/cuda:11.2.2-cudnn8-runtime-ubuntu20.04 AS gpu
COPY --from=node:20-bullseye-slim /usr/local /usr/local
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN scripts/prepare-container.sh gpu
ENTRYPOINT ["npx", "--no-install", "pipeline"]
CMD ["run"]
