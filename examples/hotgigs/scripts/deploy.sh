#!/usr/bin/env bash
# Deploys HotGigs blue-green: the new version starts beside the old one and gets the traffic only when it is healthy.
# It builds no image. Invariant: whatever fails, the version that served before goes on serving.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/deploy.sh ENVIRONMENT VERSION            deploy the images of this version
       scripts/deploy.sh ENVIRONMENT previous-version   give the traffic back to the version before
       scripts/deploy.sh ENVIRONMENT status             print what serves and where
       scripts/deploy.sh ENVIRONMENT remove             remove everything of the environment, its data too

ENVIRONMENT is staging or production. With KUBE_CONFIG it is a namespace of a Kubernetes cluster, otherwise a network of
the container engine that `docker` reaches. Variables:
  IMAGE_PREFIX         what stands before -backend:VERSION and -frontend:VERSION (hotgigs)
  DATABASE_URL         the database (engine: a PostgreSQL container of the environment's own)
  REDIS_URL            where failed logins are counted (every copy for itself)
  JWT_SECRET_KEY       the key that signs tokens (engine: the one that serves now, or a new one)
  HEALTH_TIMEOUT       seconds that a new version has to become healthy (30)
On a container engine:
  HOTGIGS_PROJECT      what the containers' names begin with (hotgigs)
  HOTGIGS_PORT         the port on 127.0.0.1 to publish (a free one, kept for the life of the environment)
In Kubernetes:
  KUBE_CONFIG          a kubeconfig in base64
  HOTGIGS_URL          the address under which the cluster's ingress serves the environment
TEXT
}

fail() {
  printf 'deploy: %s\n' "$1" >&2
  exit 1
}

say() { printf 'deploy: %s\n' "$1"; }

[ $# -eq 2 ] || { usage >&2 && exit 2; }
environment=$1 version=$2
case $environment in
staging | production) ;;
*) fail "the environment is \`staging\` or \`production\`, not \`$environment\`" ;;
esac
[[ $version =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || fail "\`$version\` cannot be a version"
prefix=${IMAGE_PREFIX:-hotgigs}
[[ $prefix =~ ^[a-z0-9][a-z0-9._:/-]*$ ]] || fail "\`$prefix\` cannot begin an image's name"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -n "${KUBE_CONFIG:-}" ]; then target=kubernetes; else target=containers; fi
# shellcheck source-path=SCRIPTDIR source=targets/containers.sh
. "$here/targets/$target.sh"

require_target
case $version in
previous-version) roll_back ;;
status) report ;;
remove) remove ;;
*) deploy ;;
esac
