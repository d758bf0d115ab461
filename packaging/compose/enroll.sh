#!/bin/sh
# Gets the runner and Prometheus their credentials from the running server.
# Does not give either the administrator's. Invariant: what is older than this start and can run out is
# asked for again; a registration token lasts an hour, and a runner that came too late would never register.
set -eu
umask 077
cd /secrets

keep() { # NAME OWNER, content on standard input
  cat >"$1.draft"
  [ -s "$1.draft" ]
  chown "$2" "$1.draft"
  mv "$1.draft" "$1"
}

gantry runner registration-token | keep runner-registration 0
# Prometheus runs as user 65534 in its own image.
[ -s metrics-token ] || gantry token create prometheus --role read | keep metrics-token 65534
