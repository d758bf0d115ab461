#!/bin/sh
# Makes the secrets of the stack at its first start; later starts find them.
# Does not print any. Invariant: each file is readable only by the service that needs it.
set -eu
umask 077
cd /secrets

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# Written beside its place and renamed, so that a file is whole or not there.
keep() { # NAME OWNER, content on standard input
  cat >"$1.draft"
  chown "$2" "$1.draft"
  mv "$1.draft" "$1"
}

[ -s database-password ] || random | keep database-password 0
[ -s pgpass ] || printf '*:*:*:gantry:%s\n' "$(cat database-password)" | keep pgpass gantry
# Grafana runs as user 472 in its own image.
[ -s grafana-password ] || random | keep grafana-password 472
chmod 711 /secrets
