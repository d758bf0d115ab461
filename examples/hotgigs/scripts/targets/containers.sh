# shellcheck shell=bash
# The target `containers`: the engine that `docker` reaches. Sourced by deploy.sh, which gives `environment`, `version`,
# `prefix`, `fail` and `say`.

stem=${HOTGIGS_PROJECT:-hotgigs}-$environment
gateway=$stem-gateway database=$stem-database
label=(--label "hotgigs.environment=$stem")
for_good=(--restart unless-stopped)

exists() { docker container inspect "$1" >/dev/null 2>&1; }
is_running() { [ "$(docker container inspect --format '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }
variable_of() { docker exec "$1" printenv "$2" 2>/dev/null || true; }

# `STEM-COLOUR:8000 VERSION`, or nothing before the first deployment.
active() { docker exec "$gateway" gateway active 2>/dev/null || true; }

active_container() {
  local target
  target=$(active)
  target=${target%% *}
  printf '%s' "${target%:8000}"
}

idle_container() {
  if [ "$(active_container)" = "$stem-blue" ]; then printf '%s' "$stem-green"; else printf '%s' "$stem-blue"; fi
}

# Asks from inside a backend container, so it works wherever `docker` does, whatever the networks are.
is_healthy() {
  local container=$1 url=$2 expected=$3
  docker exec "$container" python -m hotgigs.probe "$url/api/health" "$expected" 2>&1
}

wait_until_healthy() {
  local container=$1 deadline=$((SECONDS + ${HEALTH_TIMEOUT:-30})) problem
  until problem=$(is_healthy "$container" http://127.0.0.1:8000 "$2"); do
    is_running "$container" || { problem="it has stopped" && break; }
    [ $SECONDS -lt $deadline ] || break
    sleep 0.3
  done
  [ -n "$problem" ] || return 0
  printf '%s\n' "$problem" >&2
  return 1
}

require_images() {
  local image
  for image in "$prefix-backend:$version" "$prefix-frontend:$version"; do
    docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" >/dev/null 2>&1 ||
      fail "there is no image $image, neither on this engine nor in a registry"
  done
}

# The environment's own PostgreSQL, unless DATABASE_URL names another.
ensure_database() {
  [ -z "${DATABASE_URL:-}" ] || return 0
  if ! exists "$database"; then
    say "starting the database $database"
    POSTGRES_PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    export POSTGRES_PASSWORD
    docker run --detach --name "$database" --network "$stem" "${label[@]}" "${for_good[@]}" \
      --volume "$stem-data:/var/lib/postgresql/data" --env POSTGRES_PASSWORD \
      --env POSTGRES_USER=hotgigs --env POSTGRES_DB=hotgigs gantry/postgres:15 >/dev/null
  fi
  is_running "$database" || docker start "$database" >/dev/null
  local deadline=$((SECONDS + 30))
  until docker exec "$database" pg_isready --quiet --username hotgigs --dbname hotgigs; do
    [ $SECONDS -lt $deadline ] || fail "the database $database does not get ready; see \`docker logs $database\`"
    sleep 0.3
  done
  # Data that an earlier container left has that one's password.
  docker exec --interactive "$database" psql --quiet --username hotgigs --dbname hotgigs <<'END'
\getenv password POSTGRES_PASSWORD
alter role hotgigs password :'password';
END
  DATABASE_URL=postgresql://hotgigs:$(variable_of "$database" POSTGRES_PASSWORD)@$database:5432/hotgigs
}

ensure_key() {
  [ -n "${JWT_SECRET_KEY:-}" ] || JWT_SECRET_KEY=$(variable_of "$(active_container)" JWT_SECRET_KEY)
  [ -n "$JWT_SECRET_KEY" ] && return 0
  say "JWT_SECRET_KEY is not set: making one for this environment"
  JWT_SECRET_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
}

start_backend() {
  local container=$1
  export DATABASE_URL JWT_SECRET_KEY REDIS_URL=${REDIS_URL:-} # by environment, not by arguments: those are readable by every process
  docker run --detach --name "$container" --network "$stem" "${label[@]}" --memory 512m --pids-limit 256 \
    --env DATABASE_URL --env JWT_SECRET_KEY --env REDIS_URL --env "HOTGIGS_ENVIRONMENT=$environment" \
    "$prefix-backend:$version" >/dev/null
}

# The version before stays where it can be taken back to, until the new one is healthy.
set_aside() {
  docker rm --force "$1-before" >/dev/null 2>&1 || true
  exists "$1" || return 0
  docker stop --time 5 "$1" >/dev/null
  docker rename "$1" "$1-before"
}

take_back() {
  docker rm --force "$1" >/dev/null 2>&1 || true
  exists "$1-before" || return 0
  docker rename "$1-before" "$1"
  docker start "$1" >/dev/null
}

# The gateway outlives versions: it is made by the first deployment and then told what to serve.
ensure_gateway() {
  if ! exists "$gateway"; then
    docker create --name "$gateway" --network "$stem" "${label[@]}" "${for_good[@]}" --publish "127.0.0.1:${HOTGIGS_PORT:-}:8080" \
      --env "BACKEND=$1:8000" "$prefix-frontend:$version" >/dev/null
    docker network connect bridge "$gateway" # other containers of the engine reach it there
  fi
  is_running "$gateway" || docker start "$gateway" >/dev/null || fail "the gateway $gateway does not start"
  docker run --rm "$prefix-frontend:$version" tar -c -C /srv/page . |
    docker exec --interactive "$gateway" gateway receive "$version"
}

# Moves the traffic, and moves it back when the version does not answer through the gateway.
switch_to() {
  local container=$1 expected=$2 before problem='' n
  before=$(active)
  docker exec "$gateway" gateway activate "$container:8000" "$expected"
  for n in 1 2 3 4 5 6 7 8 9 10; do
    problem=$(is_healthy "$container" "http://$gateway:8080" "$expected") && break
    sleep 0.$n
  done
  [ -n "$problem" ] || return 0
  printf '%s\n' "$problem" >&2
  # shellcheck disable=SC2086 # two words: backend and version
  [ "${before%% *}" = "$container:8000" ] || docker exec "$gateway" gateway activate $before
  return 1
}

report() {
  local port address now
  now=$(active)
  [ -n "$now" ] || fail "$environment is not deployed"
  port=$(docker port "$gateway" 8080/tcp | head -n 1)
  address=$(docker container inspect --format '{{.NetworkSettings.Networks.bridge.IPAddress}}' "$gateway")
  say "$environment serves version ${now#* } from $(active_container)"
  say "url: http://$port (from other containers: http://$address:8080)"
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf '%s\n' "url=http://$port" "address=http://$address:8080" "version=${now#* }" >>"$GITHUB_OUTPUT"
  fi
}

deploy() {
  require_images
  docker network inspect "$stem" >/dev/null 2>&1 ||
    docker network create --label "hotgigs.environment=$stem" "$stem" >/dev/null
  ensure_database
  ensure_key
  local container
  container=$(idle_container)
  say "starting version $version as $container"
  set_aside "$container"
  start_backend "$container"
  if ! wait_until_healthy "$container" "$version"; then
    docker logs --tail 20 "$container" >&2 || true
    take_back "$container"
    fail "version $version did not become healthy; what served before serves on"
  fi
  say "$container is healthy"
  ensure_gateway "$container"
  if ! switch_to "$container" "$version"; then
    # The first deployment has nothing to go back to.
    [ "$(active_container)" != "$container" ] || docker rm --force "$gateway" >/dev/null
    take_back "$container"
    fail "version $version is not healthy behind the gateway; rolled back to what served before"
  fi
  docker update "${for_good[@]}" "$container" >/dev/null
  docker rm --force "$container-before" >/dev/null 2>&1 || true
  report
}

roll_back() {
  local container previous
  container=$(idle_container)
  exists "$container" || fail "$environment has no previous version to go back to"
  is_running "$container" || docker start "$container" >/dev/null
  previous=$(variable_of "$container" HOTGIGS_VERSION)
  say "going back to version $previous in $container"
  wait_until_healthy "$container" "$previous" || fail "version $previous is not healthy; nothing was changed"
  switch_to "$container" "$previous" || fail "version $previous is not healthy behind the gateway; nothing was changed"
  report
}

remove() {
  local containers
  containers=$(docker ps --all --quiet --filter "label=hotgigs.environment=$stem")
  # shellcheck disable=SC2086 # a list of ids
  [ -z "$containers" ] || docker rm --force --volumes $containers >/dev/null
  docker network rm "$stem" >/dev/null 2>&1 || true
  docker volume rm "$stem-data" >/dev/null 2>&1 || true
  say "$environment is removed"
}

require_target() {
  docker version --format '{{.Server.Version}}' >/dev/null 2>&1 ||
    fail "no container engine answers: is the \`docker\` client here, and its socket?"
}
