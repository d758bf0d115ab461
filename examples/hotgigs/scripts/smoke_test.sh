#!/usr/bin/env bash
# Runs smoke_test.py against a deployed environment. With KUBE_CONFIG it asks HOTGIGS_URL; otherwise it runs inside the
# gateway's network, so it works on a host, in a job container on any network, and with an engine elsewhere.
# Usage: scripts/smoke_test.sh ENVIRONMENT [VERSION]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
environment=${1:?usage: scripts/smoke_test.sh ENVIRONMENT [VERSION]}
if [ -n "${KUBE_CONFIG:-}" ]; then
  if [ -z "${HOTGIGS_URL:-}" ]; then
    echo "::warning title=Smoke tests skipped::Set the secret ${environment^^}_URL to the address of $environment."
    exit 0
  fi
  exec python3 "$here/smoke_test.py" "$HOTGIGS_URL" ${2:+"$2"}
fi
gateway=${HOTGIGS_PROJECT:-hotgigs}-$environment-gateway
docker run --rm --interactive --network "container:$gateway" gantry/python:3.11 \
  python - http://127.0.0.1:8080 ${2:+"$2"} <"$here/smoke_test.py"
