#!/usr/bin/env bash
# The service's own JavaScript client, in Chromium, holds a conversation with the simulator.
#   tests/browser/run.sh [--build DIR] [--client DIR] [--keep]
#     --build DIR    the build that has the simulator (build)
#     --client DIR   where the npm package is or goes (DIR of the build/tests/browser)
#     --keep         leave the log of the simulator and of Chromium behind, and say where
# Needs node, npm, chromium and espeak-ng, and the npm registry the first time. Ends with 77, and
# says why, where one of them is missing; with 1 when the conversation failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
client=
keep=()
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=$2; shift ;;
    --client) client=$2; shift ;;
    --keep) keep=(--keep) ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done

skip() {
  echo "SKIP: $*"
  exit 77
}

simulator=$build/tests/simulator/openai-realtime-simulator
[ -x "$simulator" ] || skip "there is no simulator at $simulator: build it, or say --build DIR"
for tool in node npm espeak-ng; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  skip "Chromium is not installed"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || skip "node is older than 18"

client=${client:-$build/tests/browser}
mkdir -p "$client"
client=$(cd "$client" && pwd)
bundle=$client/node_modules/@openai/agents-realtime/dist/bundle
if [ ! -d "$bundle" ] || ! cmp -s "$here/package.json" "$client/package.json"; then
  cp "$here/package.json" "$client/package.json"
  # No script of any package runs: the client comes as one ready-made module.
  quiet=(--no-audit --no-fund --no-package-lock --loglevel=error)
  if ! timeout 120 npm install --prefix "$client" --ignore-scripts "${quiet[@]}" \
    --fetch-retries=1 --fetch-timeout=20000 >"$client/npm.log" 2>&1; then
    rm -f "$client/package.json"
    skip "npm cannot install the client (is the registry within reach?); see $client/npm.log"
  fi
fi

exec node "$here/run.mjs" --simulator "$simulator" --chromium "$chromium" --client "$bundle" \
  ${keep[@]+"${keep[@]}"}
