#!/usr/bin/env bash
# Installs what building needs on Debian 12 or later (and what the tests need, with --tests).
# Does nothing, and needs no root, when everything is there.
set -euo pipefail

build=(g++ meson ninja-build pkg-config python3
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
  libnice-dev libsoup-3.0-dev libjson-glib-dev
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-nice gstreamer1.0-pulseaudio glib-networking ca-certificates
  libopus-dev libsqlite3-dev libsodium-dev libhiredis-dev)
# The simulator has a WebRTC stack and a voice of its own.
simulator=(libespeak-ng-dev espeak-ng espeak-ng-data libssl-dev libsrtp2-dev libusrsctp-dev)
tests=(openssl iproute2 nftables python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-bad-1.0
  gir1.2-gst-plugins-base-1.0 sox gstreamer1.0-x coturn curl procps redis-server dbus-daemon)

wanted=("${build[@]}" "${simulator[@]}")
if [ "${1:-}" = --tests ]; then wanted+=("${tests[@]}"); fi

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "These Debian packages are missing, and this is neither root nor is there sudo:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
