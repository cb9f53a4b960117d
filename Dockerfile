# docker build --target cpu -t medical-qa .
# docker run --rm --init --user "$(id -u):$(id -g)" -v "$PWD/artifacts:/app/artifacts" -v "$PWD/cache:/app/cache" medical-qa
# docker build --target gpu -t medical-qa-gpu .
# docker run --rm --init --gpus all … medical-qa-gpu

FROM node:20-bookworm-slim AS base
# better-sqlite3 compiles itself where its prebuilt file cannot be had; the binding of TensorFlow always does.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 python3-pip make g++ \
  && rm -rf /var/lib/apt/lists/*
RUN install -d -o node -g node /app /var/cache/pipeline
# Readable by whoever `--user` names, unlike a home folder.
ENV XDG_CACHE_HOME=/var/cache/pipeline
WORKDIR /app
USER node
COPY --chown=node:node . .

FROM base AS cpu
RUN scripts/prepare-container.sh cpu
ENTRYPOINT ["node", "dist/main.js"]
CMD ["run"]

# TensorFlow 2.21 brings its CUDA 12 libraries from PyPI: the machine needs NVIDIA's driver and container toolkit alone.
FROM base AS gpu
RUN scripts/prepare-container.sh gpu
# The container toolkit mounts the parts of the driver that CUDA and nvidia-smi need.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["node", "dist/main.js"]
CMD ["run"]
