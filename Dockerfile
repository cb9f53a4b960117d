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

# TensorFlow 2.21 brings its CUDA 12 libraries from PyPI: the machine needs NVIDIA's driver and container toolkit alone.
FROM node:20-bookworm-slim AS gpu
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN scripts/prepare-container.sh gpu
# The container toolkit mounts the parts of the driver that CUDA and nvidia-smi need.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["npx", "--no-install", "pipeline"]
CMD ["run"]
