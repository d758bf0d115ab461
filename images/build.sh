#!/usr/bin/env bash
# Builds the images that Gantry's examples and its own tests run in, from Debian packages alone: no image
# registry is asked. It builds nothing that is current, and never starts or configures a container engine.
# Invariant: an image carries the label gantry.recipe with the hash of everything it was made from.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=bookworm
export DOCKER_BUILDKIT=0 # the classic builder is part of every engine; BuildKit's client plugin is not

# Every image by its recipe folder. A recipe's parent is built first and is part of its hash.
declare -A tag_of=([base]=gantry/base:bookworm [python]=gantry/python:3.11
  [job]=gantry/job:latest [postgres]=gantry/postgres:15 [redis]=gantry/redis:7
  [registry]=gantry/registry:2)
declare -A parent_of=([python]=base [job]=python [postgres]=base [redis]=base [registry]=base)
declare -A ensured=() # tags that this call has dealt with

usage() {
  cat <<'TEXT'
usage: images/build.sh [options] [RECIPE...]

Builds the job image gantry/job:latest, or the images of the recipes named: base, python, job, postgres, redis, registry, all.

  --name NAME:TAG  the name to give the image (one recipe only)
  --cache DIR      keep finished images in DIR and load them from there
  --mirror URL     take Debian's packages from URL instead of this machine's own apt sources
  --fresh          build even when the image is current, to pick up newer Debian packages
  --verbose        show what the build prints
  --help           show this text
TEXT
}

fail() {
  printf 'images/build.sh: %s\n' "$1" >&2
  exit 1
}

say() { printf '%s\n' "$1"; }

name='' cache='' mirror='' fresh='' verbose='' recipes=()

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
    --name | --cache | --mirror)
      [ $# -ge 2 ] || fail "\`$1\` needs a value"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    --fresh) fresh=yes ;;
    --verbose) verbose=yes ;;
    -h | --help) usage && exit 0 ;;
    -*) fail "unknown option \`$1\` (see images/build.sh --help)" ;;
    all) recipes+=(python job postgres redis registry) ;;
    *)
      [ -n "${tag_of[$1]:-}" ] || fail "unknown recipe \`$1\`; there are: base, python, job, postgres, redis, registry, all"
      recipes+=("$1")
      ;;
    esac
    shift
  done
  [ ${#recipes[@]} -gt 0 ] || recipes=(job)
  [ -z "$name" ] || [ ${#recipes[@]} -eq 1 ] || fail "\`--name\` goes with one recipe"
}

check_engine() {
  command -v docker >/dev/null || fail "no \`docker\` command found; install Docker's client first"
  local answer
  answer=$(docker version --format '{{.Server.Version}}' 2>&1) ||
    fail "no container engine answers: $(tail -n 1 <<<"$answer")"
}

# Everything that decides what the image will contain: the recipe, its parent, this machine's package settings.
recipe_hash() {
  local recipe=$1 parent=${parent_of[$1]:-}
  {
    if [ -n "$parent" ]; then recipe_hash "$parent"; else
      printf '%s\n' "$suite" "$mirror"
      (cd "$work/settings" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
    fi
    (cd "$here/$recipe" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
  } | sha256sum | cut -d ' ' -f 1
}

is_current() {
  [ "$(docker image inspect --format '{{index .Config.Labels "gantry.recipe"}}' "$1" 2>/dev/null)" = "$2" ]
}

# Runs a command with its output in a file, and shows the end of that file when the command fails.
quietly() {
  local what=$1
  shift
  if [ -n "$verbose" ]; then
    "$@" >&2 || fail "$what failed"
  elif ! "$@" >"$work/log" 2>&1; then
    tail -n 25 "$work/log" >&2
    fail "$what failed; the last lines of its output are above"
  fi
}

build_base() {
  command -v mmdebstrap >/dev/null || fail "no \`mmdebstrap\` found; run \`apt-get install mmdebstrap\`"
  [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || fail "mmdebstrap needs root or the package \`uidmap\`"
  quietly "mmdebstrap (it needs a Debian mirror within reach)" \
    "$here/base/bootstrap.sh" "$work/base.tar" "$work/settings" "$suite" "$mirror"
  local changes=() change
  while IFS= read -r change; do changes+=(--change "$change"); done <"$here/base/config"
  quietly "docker import" docker import "${changes[@]}" --change "LABEL gantry.recipe=$2" "$work/base.tar" "$1"
  rm -f "$work/base.tar"
}

build_on_parent() {
  local recipe=$1 tag=$2 hash=$3
  quietly "docker build of images/$recipe" docker build --network host --force-rm ${fresh:+--no-cache} \
    --build-arg "PARENT=${tag_of[${parent_of[$recipe]}]}" --label "gantry.recipe=$hash" --tag "$tag" "$here/$recipe"
}

# Makes one image current: as it is, from the cache, or by building it.
ensure() {
  local recipe=$1 tag=$2 hash start=$SECONDS
  hash=$(recipe_hash "$recipe")
  # Within one call nothing is built twice, be it asked for by name or as a parent.
  local rebuild=$fresh
  [ -z "${ensured[$tag]:-}" ] || rebuild=''
  ensured[$tag]=yes
  if [ -z "$rebuild" ] && is_current "$tag" "$hash"; then
    [ -n "${3:-}" ] || say "image $tag is current"
    return
  fi
  local kept=${cache:+$cache/$recipe-$hash.tar}
  if [ -z "$rebuild" ] && [ -n "$kept" ] && [ -f "$kept" ]; then
    quietly "docker load of $kept" docker load --input "$kept"
    docker tag "gantry-cache/$recipe:$hash" "$tag"
    docker rmi "gantry-cache/$recipe:$hash" >/dev/null
    say "image $tag loaded from the cache in $((SECONDS - start)) s"
    return
  fi
  if [ -z "${parent_of[$recipe]:-}" ]; then build_base "$tag" "$hash"; else
    ensure "${parent_of[$recipe]}" "${tag_of[${parent_of[$recipe]}]}" as-parent
    start=$SECONDS
    build_on_parent "$recipe" "$tag" "$hash"
  fi
  local bytes
  bytes=$(docker image inspect --format '{{.Size}}' "$tag")
  say "image $tag built in $((SECONDS - start)) s ($((bytes / 1000000)) MB)"
  [ -z "$kept" ] || keep "$recipe" "$tag" "$hash" "$kept"
}

keep() {
  mkdir -p "$cache"
  rm -f "$cache/$1"-*.tar
  docker tag "$2" "gantry-cache/$1:$3"
  quietly "docker save of $2" docker save --output "$4.part" "gantry-cache/$1:$3"
  docker rmi "gantry-cache/$1:$3" >/dev/null
  mv "$4.part" "$4"
}

main() {
  read_arguments "$@"
  check_engine
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  "$here/settings.sh" "$work/settings" "$suite"
  # Two builds at once would do the same work twice: the second one waits here and then finds its image current.
  if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/gantry-images.$(id -u).lock"
    flock 9
  fi
  local recipe
  for recipe in "${recipes[@]}"; do
    ensure "$recipe" "${name:-${tag_of[$recipe]}}"
  done
}

main "$@"
