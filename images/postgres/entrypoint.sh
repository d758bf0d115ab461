#!/bin/sh
# Starts PostgreSQL as the container's only service, and makes the cluster at the first start.
# It does not tune the server. Invariant: nothing listens before role, password and database exist,
# so a health check by `pg_isready` never succeeds too early.
#
#   POSTGRES_PASSWORD          the superuser's password; required unless the method below is `trust`
#   POSTGRES_PASSWORD_FILE     the file that holds it instead
#   POSTGRES_USER              the superuser's name (postgres)
#   POSTGRES_DB                the database to create (the user's name)
#   POSTGRES_HOST_AUTH_METHOD  how clients over the network identify themselves (scram-sha-256)
#   PGDATA                     where the cluster lives
set -eu

[ "${1:-postgres}" = postgres ] || exec "$@"
[ $# -eq 0 ] || shift

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}

as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

make_cluster() {
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
    POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  fi
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
    echo 'postgres: set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust to do without' >&2
    exit 1
  fi
  secret=$(mktemp)
  printf '%s\n' "${POSTGRES_PASSWORD:-unused}" >"$secret"
  chown postgres "$secret"
  as_postgres initdb --pgdata="$PGDATA" --username="$user" --pwfile="$secret" --encoding=UTF8 \
    --auth-local=trust --auth-host="$method" --no-sync >/dev/null
  rm -f "$secret"
  printf 'host all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    quoted=$(printf '%s' "$database" | sed 's/"/""/g')
    printf 'create database "%s";\n' "$quoted" | as_postgres postgres --single -D "$PGDATA" postgres >/dev/null
  fi
}

mkdir -p "$PGDATA" /run/postgresql
chown postgres:postgres "$PGDATA" /run/postgresql
chmod 700 "$PGDATA"
[ -s "$PGDATA/PG_VERSION" ] || make_cluster

exec setpriv --reuid=postgres --regid=postgres --init-groups \
  postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql "$@"
