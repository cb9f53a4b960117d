#!/usr/bin/env bash
# Everything that the Dockerfile's RUN lines do, so that it can be tried in any empty folder without Docker:
#   git clone . /somewhere/empty && cd /somewhere/empty && scripts/prepare-container.sh cpu
# TARGET is cpu (the onnx runtime) or gpu (the same, and TensorFlow for NVIDIA cards).
set -euo pipefail
target=${1:?usage: prepare-container.sh cpu|gpu}
cd "$(dirname "$0")/.."

# Downloads are not kept: they would be a third of the image.
npm_config_cache=$(mktemp -d)
trap 'rm -rf "$npm_config_cache"' EXIT
export npm_config_cache PIP_NO_CACHE_DIR=1

npm ci
case $target in
  cpu) ;;
  gpu) npx --no-install pipeline setup tensorflow --gpu ;;
  *) echo "prepare-container.sh: \"$target\" is neither cpu nor gpu" >&2; exit 2 ;;
esac
npx --no-install pipeline run --dry-run
# Docker makes the folders that are mounted there; these are for containers without.
mkdir -p artifacts cache
