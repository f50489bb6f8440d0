#!/usr/bin/env bash
# Installs what the tests need beside Python packages, on Debian as root; elsewhere says what is missing.
set -euo pipefail

declare -A packages=([redis-server]=redis-server [chromium]=chromium
  [chromium-headless-shell]=chromium-headless-shell [initdb]=postgresql [nginx]=nginx [npm]=npm
  [php]=php-cli [mariadbd]=mariadb-server [firefox-esr]=firefox-esr
  [WebKitWebDriver]=webkit2gtk-driver [Xvfb]=xvfb [caddy]=caddy [promtool]=prometheus
  [bwrap]=bubblewrap)
missing=()
PATH=$PATH:/usr/sbin # where Debian keeps servers
for program in "${!packages[@]}"; do
  command -v "$program" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$program" >/dev/null || missing+=("${packages[$program]}")
done
compgen -G "/usr/share/mozilla/extensions/*/uBlock0*/assets" >/dev/null || missing+=(webext-ublock-origin-firefox)
[ -e /usr/share/wordpress/wp-load.php ] || missing+=(wordpress php-mysql)
if [ ${#missing[@]} -eq 0 ]; then
  :
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # WordPress comes without a theme; which one belongs to it differs between Debian's versions.
  [[ " ${missing[*]} " != *" wordpress "* ]] ||
    missing+=("$(apt-cache depends wordpress | sed -n '/Recommends: wordpress-theme-/{s/.*: //p;q}')")
  # The servers are started by the tests; none is wanted as a service.
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; trap 'rm -f $policy' EXIT; }
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests also need these programs; install them and run this again:" >&2
  printf '  %s\n' "${missing[@]}" >&2
  exit 1
fi

# axe-core, which judges the pages' accessibility in the browser, and an engine of ad blocking.
npm ci --prefix tests/browser --no-audit --no-fund --silent

# Prism, which compares with the agencies' descriptions of their APIs.
npm ci --prefix tests/contract --no-audit --no-fund --silent --omit-lockfile-registry-resolved
