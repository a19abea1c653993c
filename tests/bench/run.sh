#!/usr/bin/env bash
# Builds and runs every benchmark and prints the tables of docs/measurements.md.
#   tests/bench/run.sh                all of it, about six minutes
#   tests/bench/run.sh connect …      only those: connect, latency, cycles, sessions, store, resume, day,
#                                     captions, caption-clock, stats
#                                     echo, barge_in (these two: seven minutes, not among "all of it")
# Wants a quiet machine; says so if it is not.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD:-build-bench}
chosen=("$@")
[ $# -gt 0 ] || chosen=(connect latency cycles sessions store resume day captions caption-clock stats)

if [ ! -f "$build/build.ninja" ]; then
  meson setup "$build" -Doptimization=2 >/dev/null
fi
targets=(plugins/libgstopenairealtime.so tests/simulator/openai-realtime-simulator)
for name in "${chosen[@]}"; do targets+=("tests/bench/bench-$name"); done
ninja -C "$build" --quiet "${targets[@]}"

export GST_PLUGIN_PATH_1_0=$(realpath "$build")/plugins GST_REGISTRY=$(realpath "$build")/bench-registry.bin
export G_MESSAGES_DEBUG=
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

# Nothing else may take the two cores while it is measured.
busy=$(awk '{ print ($1 > 0.7) }' /proc/loadavg)
[ "$busy" = 0 ] || echo "The machine is busy ($(cut -d' ' -f1 /proc/loadavg)); the figures may be too high." >&2

run() {
  local name=$1
  shift
  if ! "$build/tests/bench/bench-$name" "$@" 2>"$figures.err" >"$figures.out"; then
    echo "bench-$name failed:" >&2
    cat "$figures.out" "$figures.err" >&2
  fi
  grep '^figure;' "$figures.out" | sed "s/^figure/$name/" >>"$figures" || true
  rm -f "$figures.out" "$figures.err"
}

for name in "${chosen[@]}"; do
  case $name in
    sessions)
      for count in 1 20; do
        run sessions --count "$count"
        run sessions --count "$count" --echo-cancel
        run sessions --count "$count" --stock
        run sessions --count "$count" --stock-speech
      done
      ;;
    *) run "$name" ;;
  esac
done

echo "GStreamer $(pkg-config --modversion gstreamer-1.0), libnice $(pkg-config --modversion nice), $(nproc) cores, $(uname -s) $(uname -m)"
awk -F';' '
  $1 != bench { bench = $1; printf "\n%s\n\n| what | who | runs | median | least | most | unit |\n|---|---|---|---|---|---|---|\n", bench }
  {
    runs = $5 ($6 > 0 ? " (" $6 " failed)" : "")
    if ($5 == 1 && $6 == 0) { $8 = ""; $9 = "" }
    printf "| %s | %s | %s | %s | %s | %s | %s |\n", $2, $3, runs, $7, $8, $9, $4
  }' "$figures"
