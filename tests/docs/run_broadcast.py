#!/usr/bin/env python3
"""Runs examples/broadcast.py through a fault, and looks at what it recorded.

    run_broadcast.py --examples FOLDER --simulator PROGRAM [--pictures FOLDER]

The guest asks, interrupts the long answer and asks again; then the service falls silent. The file
has to hold every picture and every frame of both sides. With --pictures, docs/pictures is made.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import wave

from programs import BOUND_S, KEY, Simulator, order, sessions, speak, wait_until

ANSWER = (
    "Well, that is a long story. It began on a rainy morning in a small town by the sea, "
    "and nobody would have thought that it ever came to an end, least of all myself."
)
FRAME_NS, PICTURE_NS = 20_000_000, 40_000_000


def guest(folder):
    """What the guest says: a question, and a word into the answer of the model."""
    whole = bytearray()
    for pause_s, text in ((0.5, "Please tell us about yourself."), (4.0, "Stop. One moment please.")):
        part = folder / "part.wav"
        speak(part, text)
        with wave.open(str(part)) as file:
            rate = file.getframerate()
            whole += bytes(int(pause_s * rate) * 2) + file.readframes(file.getnframes())
    whole += bytes(8 * rate * 2)
    path = folder / "guest.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(bytes(whole))
    return path


def times(file, pad, caps):
    """(pts, duration) in ns of all that a track of the file holds."""
    line = f"filesrc location={file} ! matroskademux name=d d.{pad} ! {caps} ! fakesink name=end"
    shown = subprocess.run(
        ["gst-launch-1.0", "-v", *(line + " silent=false sync=false").split()],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=True,
    ).stdout
    found = []
    for entry in shown.splitlines():
        if "chain" not in entry or "pts:" not in entry:
            continue
        hours, minutes, seconds = entry.split("pts: ")[1].split(",")[0].split(":")
        found.append(round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1e9))
    return found


def assert_whole(what, found, step_ns):
    holes = [b - a for a, b in zip(found, found[1:]) if b - a > 1.5 * step_ns + 2_000_000]
    if len(found) < 100 or holes:
        sys.exit(f"{what}: {len(found)} in the file, {len(holes)} holes, {max(holes, default=0)} ns")
    print(f"{what}: {len(found)} without a hole")


def record(examples, url, folder):
    """Runs the show; what it printed."""
    microphone = f"filesrc location={guest(folder)} ! wavparse ! identity sync=true"
    show = subprocess.Popen(
        [sys.executable, examples / "broadcast.py", "--base-url", url]
        + ["--microphone", microphone, "--output", folder / "show.mkv", "--seconds", "16"],
        env=dict(os.environ, OPENAI_API_KEY=KEY),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until("the show is on air", lambda: sessions(url))
        wait_until("two turns are heard", lambda: turns(url) >= 2)
        time.sleep(1)
        order(url, "silent")
        output, _ = show.communicate(timeout=BOUND_S)
    finally:
        if show.poll() is None:
            show.kill()
    if show.returncode != 0:
        sys.exit(f"status {show.returncode}:\n{output}")
    return output


def turns(url):
    items = [item for session in sessions(url) for item in session["items"]]
    return sum(item.get("role") == "user" for item in items)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=pathlib.Path, required=True)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Simulator(arguments.simulator, "--answer", ANSWER) as url:
            output = record(arguments.examples, url, folder)
        print(output)
        if "[on air again after" not in output:
            sys.exit("the fault was not noticed")
        show = folder / "show.mkv"
        assert_whole("pictures", times(show, "video_0", "video/x-vp8"), PICTURE_NS)
        assert_whole("the guest", times(show, "audio_0", "audio/x-opus"), FRAME_NS)
        assert_whole("the model", times(show, "audio_1", "audio/x-opus"), FRAME_NS)
        if arguments.pictures:
            from pictures import make_pictures

            make_pictures(show, arguments.pictures)


if __name__ == "__main__":
    main()
