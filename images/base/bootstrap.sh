#!/usr/bin/env bash
# Makes the smallest Debian system that has apt and certificates, as a tar archive.
# Usage: bootstrap.sh ARCHIVE SETTINGS SUITE [MIRROR]. It knows no container engine.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
archive=$1 settings=$2 suite=$3 mirror=${4:-}

options=(--variant=apt --include=ca-certificates --dpkgopt=force-unsafe-io)
for unwanted in /usr/share/man /usr/share/doc /usr/share/locale /usr/share/info; do
  options+=("--dpkgopt=path-exclude=$unwanted/*")
done
while IFS= read -r setting; do
  options+=("--aptopt=$setting")
done <"$settings/apt.conf"
options+=("--customize-hook='$here/customize.sh' \"\$1\" '$settings'")

sources=()
if [ -n "$mirror" ]; then
  sources=("$mirror")
else
  for file in "$settings/debian.list" "$settings/debian.sources"; do
    [ ! -s "$file" ] || sources+=("$file")
  done
fi

# Without a source mmdebstrap takes Debian's own mirror.
mmdebstrap "${options[@]}" "$suite" "$archive" ${sources[@]+"${sources[@]}"}
