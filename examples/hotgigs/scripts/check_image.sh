#!/usr/bin/env bash
# Checks an image before it is deployed, with nothing but the engine: who it runs as, what it brings, how large it is.
# Known vulnerabilities of its packages are Trivy's business.
# Usage: scripts/check_image.sh IMAGE
set -euo pipefail

image=${1:?usage: scripts/check_image.sh IMAGE}
problems=0
problem() {
  printf '::error title=%s::%s\n' "$image" "$1"
  problems=$((problems + 1))
}

size=$(docker image inspect --format '{{.Size}}' "$image")
[ "$size" -lt 600000000 ] || problem "it has $((size / 1000000)) MB; 600 are allowed"

variables=$(docker image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$image")
if names=$(grep --extended-regexp --only-matching '^[A-Z_]*(PASSWORD|SECRET|TOKEN|KEY)[A-Z_]*=' <<<"$variables"); then
  problem "a secret is part of it: ${names//=/ }"
fi
if docker history --no-trunc --format '{{.CreatedBy}}' "$image" | grep --quiet -- '-----BEGIN .*PRIVATE KEY'; then
  problem "a private key is part of its history"
fi

user=$(docker image inspect --format '{{.Config.User}}' "$image")
case $image in
*-backend:*) [ -n "$user" ] && [ "$user" != root ] && [ "$user" != 0 ] || problem "it runs as root" ;;
esac

open=$(docker run --rm --network none --user 0 --entrypoint find "$image" / -xdev -type f -perm -0002 -print)
[ -z "$open" ] || problem "everybody may write to: $open"

[ "$problems" -eq 0 ] || exit 1
printf '%s: %s MB, runs as %s, nothing to complain of\n' "$image" $((size / 1000000)) "${user:-root}"
