# shellcheck shell=bash
# The target `kubernetes`: a cluster that `kubectl` reaches with KUBE_CONFIG. Sourced by deploy.sh, which gives
# `environment`, `version`, `prefix`, `here`, `fail` and `say`.
#
# An environment is a namespace. Each colour is a Deployment of the backend and one of the frontend; the two Services
# `hotgigs-backend-service` and `hotgigs-frontend-service` choose the colour that has the traffic.

parts=(backend frontend)

require_target() {
  command -v kubectl >/dev/null || fail "no \`kubectl\` found; the job image gantry/job has it"
  credentials=$(mktemp)
  trap 'rm -f "$credentials"' EXIT
  base64 --decode <<<"$KUBE_CONFIG" >"$credentials" 2>/dev/null || fail "KUBE_CONFIG is not base64"
  hide "$credentials"
  in_cluster version >/dev/null 2>&1 ||
    fail "the cluster that KUBE_CONFIG names does not answer"
}

# The log of a pipeline masks the secret as it was stored; what comes out of it must not show either.
hide() {
  [ -n "${GITHUB_ACTIONS:-}" ] || return 0
  local line
  while IFS= read -r line; do
    line=${line#"${line%%[![:space:]]*}"}
    case $line in
    *token:* | *password:* | *-data:*) printf '::add-mask::%s\n' "${line#*: }" ;;
    esac
  done <"$1"
}

in_cluster() { kubectl --kubeconfig "$credentials" "$@"; }
in_namespace() { in_cluster --namespace "$environment" "$@"; }

# Fills in a manifest. Every value has been checked, or is made here.
manifest() {
  local name=$1 colour=${2:-}
  sed -e "s|\${NAMESPACE}|$environment|g" -e "s|\${COLOUR}|$colour|g" -e "s|\${VERSION}|$version|g" \
    -e "s|\${IMAGE_PREFIX}|$prefix|g" "$here/../kubernetes/$name.yaml"
}

apply() { in_cluster apply --server-side --force-conflicts --validate=false --field-manager=hotgigs --filename=- >/dev/null; }

# Empty before the first deployment.
active_colour() {
  in_namespace get service hotgigs-backend-service --ignore-not-found --output 'jsonpath={.spec.selector.colour}'
}

other_than() { if [ "$1" = blue ]; then printf green; else printf blue; fi; }

version_of() {
  in_namespace get deployment "hotgigs-backend-$1" --ignore-not-found \
    --output 'jsonpath={.spec.template.metadata.labels.version}'
}

# Keys and addresses reach the cluster through a file descriptor: arguments are readable by every process.
apply_secret() {
  [ -n "${JWT_SECRET_KEY:-}" ] || fail "JWT_SECRET_KEY must be set for a cluster"
  [ -n "${DATABASE_URL:-}" ] || fail "DATABASE_URL must be set for a cluster"
  in_namespace create secret generic hotgigs --dry-run=client --output yaml --from-env-file=<(
    printf 'JWT_SECRET_KEY=%s\nDATABASE_URL=%s\nREDIS_URL=%s\n' "$JWT_SECRET_KEY" "$DATABASE_URL" "${REDIS_URL:-}"
  ) | apply
}

wait_until_rolled_out() {
  local colour=$1 part
  for part in "${parts[@]}"; do
    in_namespace rollout status "deployment/hotgigs-$part-$colour" --timeout="${HEALTH_TIMEOUT:-30}s" || return 1
  done
}

# Puts a colour that did not become healthy back to what it was: the version before the last, or nothing.
undo() {
  local colour=$1 part
  for part in "${parts[@]}"; do
    in_namespace rollout undo "deployment/hotgigs-$part-$colour" ||
      in_namespace delete --wait=false "deployment/hotgigs-$part-$colour" >/dev/null
  done
}

switch_to() { manifest services "$1" | apply; }

deploy() {
  local colour before part
  manifest namespace | apply
  apply_secret
  before=$(active_colour)
  colour=$(other_than "$before")
  say "starting version $version as $colour"
  for part in "${parts[@]}"; do
    manifest "$part" "$colour" | apply
  done
  if ! wait_until_rolled_out "$colour"; then
    undo "$colour"
    fail "version $version did not become healthy; ${before:-nothing} serves on"
  fi
  switch_to "$colour"
  report
}

roll_back() {
  local colour
  colour=$(other_than "$(active_colour)")
  version=$(version_of "$colour")
  [ -n "$version" ] || fail "$environment has no previous version to go back to"
  say "going back to version $version in $colour"
  wait_until_rolled_out "$colour" || fail "version $version is not healthy; nothing was changed"
  switch_to "$colour"
  report
}

report() {
  local colour serving
  colour=$(active_colour)
  [ -n "$colour" ] || fail "$environment is not deployed"
  serving=$(version_of "$colour")
  say "$environment serves version $serving from $colour"
  [ -z "${HOTGIGS_URL:-}" ] || say "url: $HOTGIGS_URL"
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf '%s\n' "url=${HOTGIGS_URL:-}" "address=${HOTGIGS_URL:-}" "version=$serving" >>"$GITHUB_OUTPUT"
  fi
}

remove() {
  in_cluster delete namespace "$environment" --ignore-not-found --wait=false >/dev/null
  say "$environment is removed"
}
