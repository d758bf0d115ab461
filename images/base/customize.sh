#!/bin/sh
# Finishes the base system in ROOT before it becomes an image: package settings, a quiet dpkg, the locale.
# Usage: customize.sh ROOT SETTINGS; mmdebstrap calls it. It installs no package.
set -eu

root=$1 settings=$2

cp "$settings"/ca/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
chroot "$root" update-ca-certificates >/dev/null 2>&1

# Debian marks its Python as its own; in an image for jobs, `pip install` into it is what people write.
{
  cat "$settings/pip.conf"
  printf '%s\n' 'break-system-packages = true' 'root-user-action = ignore' 'disable-pip-version-check = true'
} >"$root/etc/pip.conf"
{
  cat "$settings/npmrc"
  printf '%s\n' 'update-notifier=false' 'fund=false' 'audit=false'
} >"$root/etc/npmrc"

printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # packages must not start services
chmod 755 "$root/usr/sbin/policy-rc.d"
printf '%s\n' 'APT::Install-Recommends "false";' 'APT::Get::Assume-Yes "true";' 'Dpkg::Use-Pty "false";' \
  >"$root/etc/apt/apt.conf.d/50gantry"
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/cache/debconf/*-old
