#!/usr/bin/env bash
# Removes HotGigs' images that no environment uses, all but the three newest of each component, and dangling layers that
# builds left. Where there is no engine it has nothing to do.
# Usage: scripts/clean_up.sh
set -euo pipefail

kept=3
if ! docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
  echo "no container engine, nothing to remove"
  exit 0
fi

for component in backend frontend; do
  # Newest first. `docker image rm` without force leaves an image that a container uses.
  docker image ls --filter "reference=*hotgigs-$component" --filter "reference=*/*/*/hotgigs-$component" \
    --format '{{.Repository}}:{{.Tag}}' | tail -n +$((kept + 1)) |
    while IFS= read -r image; do
      if docker image rm "$image" >/dev/null 2>&1; then echo "removed $image"; else echo "in use: $image"; fi
    done
done
docker image prune --force --filter label=org.opencontainers.image.title=hotgigs-backend >/dev/null
docker image prune --force --filter label=org.opencontainers.image.title=hotgigs-frontend >/dev/null
