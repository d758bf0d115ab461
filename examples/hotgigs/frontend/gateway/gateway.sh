#!/bin/sh
# The gateway's own commands. It knows nothing of colours or versions beyond the names it is given.
#   gateway serve                      serve this image's page, with the backend that BACKEND names
#   gateway receive VERSION            take a page as a tar archive from standard input
#   gateway activate BACKEND VERSION   switch both at once, without dropping a request
#   gateway active                     print what is active: BACKEND VERSION
set -eu

pages=/srv/pages

write_active() {
  [ -d "$pages/$2" ] || { echo "gateway: there is no page of version $2" >&2 && exit 1; }
  # shellcheck disable=SC2016 # `$backend` is nginx's variable
  printf 'set $backend %s;\nroot %s;\n' "$1" "$pages/$2" >/srv/active.conf.new
  mv /srv/active.conf.new /srv/active.conf
  printf '%s %s\n' "$1" "$2" >/srv/active
}

case ${1:-} in
serve)
  awk '$1 == "nameserver" { print "resolver " $2 " valid=2s ipv6=off;"; exit }' /etc/resolv.conf >/srv/resolver.conf
  if [ ! -f /srv/active.conf ]; then # a restarted container goes on with what was active
    mkdir -p "$pages"
    cp -r /srv/page "$pages/$HOTGIGS_VERSION"
    write_active "$BACKEND" "$HOTGIGS_VERSION"
  fi
  exec nginx -g 'daemon off;'
  ;;
receive)
  rm -rf "${pages:?}/$2"
  mkdir -p "$pages/$2"
  tar -x -C "$pages/$2"
  ;;
activate)
  write_active "$2" "$3"
  nginx -t -q
  nginx -s reload 2>/dev/null
  ;;
active) cat /srv/active ;;
*)
  sed -n '3,6s/^# *//p' "$0" >&2
  exit 1
  ;;
esac
