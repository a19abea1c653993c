#!/usr/bin/env bash
# Breaks the network below calls and prints what is heard meanwhile: ours and a stock webrtcbin.
#   tests/lab/run.sh                          every fault of the short form, both clients
#   tests/lab/run.sh FAULT...                 only those (names: tests/lab/run.sh --list)
#   tests/lab/run.sh --full                   also what takes long: an outage of 60 s, 10 minutes of
#                                             loss, 50 rollovers, 200 random faults
#   tests/lab/run.sh --client ours --repeat 20 link-down       ours only, 20 runs
#   tests/lab/run.sh --set watchdog-timeout=500 black-hole     with a property
# Prints a table in Markdown; writes docs/plots/FAULT.svg (PLOTS=FOLDER: elsewhere) and, for each
# run, time line, server log and result.json below $BUILD/lab. tests/lab/show.py FOLDER prints what
# happened in a run, in order. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD:-build}
plots=${PLOTS:-docs/plots}
if [ ! -f "$build/build.ninja" ]; then
  meson setup "$build" >/dev/null
fi
ninja -C "$build" --quiet plugins/libgstopenairealtime.so \
  tests/simulator/openai-realtime-simulator tests/lab/lab-client tests/lab/lab-relay
exec python3 tests/lab/lab.py --build "$build" --plots "$plots" "$@"
