#!/bin/sh
# Gets the runner and Prometheus their credentials from the running server, once each.
# Does not give either the administrator's. Invariant: a registration token is never asked for twice.
set -eu
umask 077
cd /secrets

keep() { # NAME OWNER, content on standard input
  cat >"$1.draft"
  [ -s "$1.draft" ]
  chown "$2" "$1.draft"
  mv "$1.draft" "$1"
}

[ -s runner-registration ] || gantry runner registration-token | keep runner-registration 0
# Prometheus runs as user 65534 in its own image.
[ -s metrics-token ] || gantry token create prometheus --role read | keep metrics-token 65534
