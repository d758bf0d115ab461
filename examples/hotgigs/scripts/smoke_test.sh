#!/usr/bin/env bash
# Runs smoke_test.py against a deployed environment, from inside the gateway's network: so it works on a host, in a job
# container on any network, and with an engine elsewhere.
# Usage: scripts/smoke_test.sh ENVIRONMENT [VERSION]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
gateway=${HOTGIGS_PROJECT:-hotgigs}-${1:?usage: scripts/smoke_test.sh ENVIRONMENT [VERSION]}-gateway
docker run --rm --interactive --network "container:$gateway" gantry/python:3.11 \
  python - http://127.0.0.1:8080 ${2:+"$2"} <"$here/smoke_test.py"
