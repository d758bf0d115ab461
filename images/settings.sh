#!/usr/bin/env bash
# Collects this machine's package settings, so that apt, pip and npm work in the images as they do here.
# Usage: settings.sh DIRECTORY SUITE. It reads the machine's files and environment and changes nothing outside DIRECTORY.
# Invariant: what carries a password or a token is left out, because an image is readable by every job.
set -euo pipefail

out=$1 suite=$2
mkdir -p "$out/ca"

left_out() { printf 'images/settings.sh: left out %s: it carries a credential; give it to jobs as a secret\n' "$1" >&2; }

# `user:password@` before the host of an address.
has_credential() { [[ $1 =~ ://[^/[:space:]]*@ ]]; }

# The entries of the machine's apt sources for Debian's own archive of this suite.
apt_sources() {
  local file
  : >"$out/debian.list"
  : >"$out/debian.sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    grep -E "^deb .* $suite(-updates|-security|/updates)? (.* )?main( |\$)" "$file" >>"$out/debian.list" || true
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk -v RS= -v suite="$suite" '
      /(^|\n)Enabled: *no/ { next }
      $0 ~ "(^|\n)Suites:[^\n]*[ \t]" suite "(-updates|-security)?([ \t\n]|$)" && /(^|\n)Components:[^\n]*[ \t]main([ \t\n]|$)/ {
        print $0 "\n"
      }' <(grep -v '^#' "$file") >>"$out/debian.sources"
  done
  for file in debian.list debian.sources; do
    if has_credential "$(<"$out/$file")"; then left_out "apt sources" && : >"$out/$file"; fi
  done
}

# How apt is told to fetch: proxies, retries, date checks, certificates' whereabouts.
apt_conf() {
  : >"$out/apt.conf"
  command -v apt-config >/dev/null || return 0
  local line
  while IFS= read -r line; do
    if has_credential "$line"; then left_out "an apt option"; else printf '%s\n' "$line" >>"$out/apt.conf"; fi
  done < <(apt-config dump 2>/dev/null |
    grep -E '^Acquire::(Check-|Retries|http::(Proxy|Timeout)|https::(Proxy|Timeout|Verify)|ForceIPv)' | grep -v ' "";$' || true)
  printf '%s\n' 'Acquire::Languages "none";' >>"$out/apt.conf"
}

pip_entry() {
  case $1 in
  index-url | extra-index-url | trusted-host | proxy | timeout | default-timeout | retries) ;;
  *) return 0 ;;
  esac
  if has_credential "$2"; then left_out "pip's $1"; else printf '%s = %s\n' "$1" "$2" >>"$out/pip.conf"; fi
}

# pip's settings: the files that pip itself reads, then the environment, which wins in pip as well.
pip_conf() {
  printf '[global]\n' >"$out/pip.conf"
  local file key value
  for file in /etc/pip.conf "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    [ -f "$file" ] || continue
    while IFS='=' read -r key value; do
      pip_entry "$(xargs <<<"$key")" "$(sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$value")"
    done < <(grep -E '^[a-z-]+[[:space:]]*=' "$file" || true)
  done
  while IFS='=' read -r key value; do
    key=${key#PIP_}
    key=${key,,}
    pip_entry "${key//_/-}" "$value"
  done < <(env | grep -E '^PIP_[A-Z_]+=' | LC_ALL=C sort || true)
  # Later lines win; configparser refuses a key twice, so keep the last of each.
  { head -n 1 "$out/pip.conf" && tail -n +2 "$out/pip.conf" | tac | awk '!seen[$1]++' | tac; } >"$out/pip.conf.new"
  mv "$out/pip.conf.new" "$out/pip.conf"
}

npm_conf() {
  : >"$out/npmrc"
  local file line
  for file in /etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc "$HOME/.npmrc"; do
    [ -f "$file" ] || continue
    while IFS= read -r line; do
      if has_credential "$line"; then left_out "npm's ${line%%=*}"; else printf '%s\n' "$line" >>"$out/npmrc"; fi
    done < <(grep -E '^((@[^:=]+:)?registry|proxy|https-proxy|noproxy|strict-ssl|fetch-[a-z-]+)[[:space:]]*=' "$file" || true)
  done
}

# Certificate authorities that the operator added to this machine.
certificates() {
  local file
  for file in /usr/local/share/ca-certificates/*.crt; do
    [ ! -f "$file" ] || cp "$file" "$out/ca/"
  done
}

apt_sources
apt_conf
pip_conf
npm_conf
certificates
