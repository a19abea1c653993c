#!/usr/bin/env bash
# Installs what is needed, builds, runs all tests. Ends with 'N passed, N failed, N skipped'.
#   tests/run.sh                 everything
#   tests/run.sh --suite e2e     one suite (see: meson introspect build --tests)
#   tests/run.sh --sanitize address,undefined | thread    a sanitizer build in its own folder
#   tests/run.sh --clang         with clang and -Wthread-safety
#   tests/run.sh --repeat N      the suite N times
set -euo pipefail
cd "$(dirname "$0")/.."

build=build
setup=()
run=()
repeat=1
while [ $# -gt 0 ]; do
  case $1 in
    --suite) run+=(--suite "$2"); shift ;;
    --sanitize) build=build-${2%%,*}; setup+=("-Db_sanitize=$2"); shift ;;
    --clang) build=build-clang; export CC=clang CXX=clang++ ;;
    --repeat) repeat=$2; shift ;;
    *) sed -n '2,7s/^# //p' "$0"; exit 2 ;;
  esac
  shift
done

examples/install-packages.sh --tests
if [ -f "$build/build.ninja" ]; then
  meson setup --reconfigure "$build" ${setup[@]+"${setup[@]}"} >/dev/null
else
  meson setup "$build" ${setup[@]+"${setup[@]}"}
fi
ninja -C "$build"

status=0
for _ in $(seq "$repeat"); do
  # Most of them wait for real time to pass, so that two cores carry three.
  meson test -C "$build" --no-rebuild --num-processes 3 --print-errorlogs --timeout-multiplier 2 \
    ${run[@]+"${run[@]}"} || status=$?
  python3 tests/summary.py "$build/meson-logs/testlog.json" || status=1
done
exit "$status"
