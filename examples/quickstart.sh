#!/usr/bin/env bash
# From a fresh Debian 12 to a spoken conversation: installs what is needed, builds, starts the
# simulator, sends speech through a gst-launch pipeline, prints both sides as they speak, and
# leaves the answer as a WAV file.
#
#   examples/quickstart.sh                          against the simulator: no key, no internet
#   OPENAI_API_KEY=sk-… examples/quickstart.sh --openai     the same line against the service
#   --say "TEXT"     what is said (synthesised)       --file IN.wav    a recording instead
#   --output OUT.wav where the answer goes (default: answer.wav)
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

openai=no say="" file="" output=answer.wav
while [ $# -gt 0 ]; do
  case $1 in
    --openai) openai=yes ;;
    --say) say=$2; shift ;;
    --file) file=$2; shift ;;
    --output) output=$2; shift ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
if [ -n "$file" ] && [ ! -r "$file" ]; then
  echo "There is no file $file that can be read." >&2
  exit 2
fi
if [ "$openai" = yes ] && [ -z "${OPENAI_API_KEY:-}" ]; then
  echo "With --openai this needs your key in the environment: export OPENAI_API_KEY=sk-…" >&2
  exit 2
fi

echo "== 1. packages and build"
"$here/examples/install-packages.sh"
[ -f "$here/build/build.ninja" ] || meson setup "$here/build" "$here" >/dev/null
# On a terminal ninja shows how far it is: the first time takes some minutes.
quiet=()
[ -t 1 ] || quiet=(--quiet)
ninja -C "$here/build" ${quiet[@]+"${quiet[@]}"} plugins/libgstopenairealtime.so examples/talk \
  tests/simulator/openai-realtime-simulator
export GST_PLUGIN_PATH_1_0="$here/build/plugins${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}"

work=$(mktemp -d)
simulator=""
cleanup() {
  [ -z "$simulator" ] || kill "$simulator" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

if [ -z "$file" ]; then
  say=${say:-Hello. Please tell me something about the sea.}
  file=$work/question.wav
  espeak-ng -v en-us -s 150 -w "$file" "$say"
fi

base_url=()
if [ "$openai" = no ]; then
  echo "== 2. the simulator: the service's stand-in on this machine"
  # It hears speech but recognises none: what the transcript says of the question is told to it.
  export OPENAI_API_KEY=sk-simulator-quickstart
  hear=()
  [ -z "$say" ] || hear=(--hear "$say")
  "$here/build/tests/simulator/openai-realtime-simulator" --listen 127.0.0.1 --port 0 \
    --api-key "$OPENAI_API_KEY" ${hear[@]+"${hear[@]}"} \
    --answer "I am the simulator. I heard you, and understood nothing; with a key, a model answers." \
    >"$work/simulator.out" &
  simulator=$!
  for _ in $(seq 100); do
    port=$(sed -n 's/.*"port": *\([0-9]*\).*/\1/p' "$work/simulator.out" | head -n 1)
    [ -z "$port" ] || break
    kill -0 "$simulator" || { echo "The simulator did not start." >&2; exit 1; }
    sleep 0.1
  done
  base_url=("base-url=http://127.0.0.1:$port/v1")
else
  echo "== 2. the OpenAI Realtime API, with the key from OPENAI_API_KEY"
fi

line=(filesrc "location=$file" ! decodebin ! audioconvert ! openairealtimebin
  ${base_url[@]+"${base_url[@]}"} eos-policy=after-answer ! wavenc ! filesink "location=$output")
echo "== 3. gst-launch-1.0 ${line[*]}"
# gst-launch prints every bus message with -m; from these the two sides are picked. Ctrl-C reaches
# gst-launch, which closes the file (-e); what reads from it stays until then.
timeout --foreground 120 gst-launch-1.0 -m -e "${line[@]}" 2>"$work/errors" | (trap '' INT; awk '
  function field(name) {
    if (!match($0, name "=\\([a-z]+\\)(\"([^\"\\\\]|\\\\.)*\"|[^,;]+)")) return ""
    value = substr($0, RSTART, RLENGTH)
    sub(/^[a-z-]+=\([a-z]+\)/, "", value)
    gsub(/^"|"$/, "", value)
    gsub(/\\/, "", value)
    return value
  }
  /openai-realtime\/connection-state/ { print "   [" field("state") "]"; fflush() }
  /openai-realtime\/transcript/ && /final=\(boolean\)true/ {
    printf "   %-9s %s\n", field("role") ":", field("text"); fflush()
  }
  /^ERROR|^WARNING/ { print; fflush() }
') || { cat "$work/errors" >&2; exit 1; }
grep -E '^(ERROR|WARNING)' "$work/errors" >&2 || true

[ -s "$output" ] || { echo "No answer was written." >&2; exit 1; }
echo "== 4. the answer is in $output; listen to it with:"
echo "   gst-launch-1.0 playbin uri=file://$(realpath "$output")"
cat <<EOF

Next:
  export GST_PLUGIN_PATH=$here/build/plugins
  gst-inspect-1.0 openairealtimebin       every property and signal, explained
  $here/build/examples/talk --help        an application in C; $here/docs/using.md shows more
  gst-launch-1.0 autoaudiosrc ! openairealtimebin ! audioconvert ! autoaudiosink
                                          talk (with OPENAI_API_KEY set, and a headset on)
EOF
