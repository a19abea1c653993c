#!/usr/bin/env python3
"""Runs examples/kiosk as systemd would: with a socket for its notifications, signals, and an end.

    run_kiosk.py --kiosk PROGRAM --simulator PROGRAM

The microphone is a recording of a question, the loudspeaker a file.
"""
import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

from programs import BOUND_S, KEY, Simulator, sessions, speak, wait_until


class Manager:
    """What systemd is to the kiosk."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    def wait_for(self, text, count=1):
        deadline = time.monotonic() + BOUND_S
        while sum(text in said for said in self.heard) < count:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except TimeoutError:
                sys.exit(f"no {text!r} within {BOUND_S} s, but {self.heard}")


def items_of(url):
    return [len(session["items"]) for session in sessions(url)]


def run(kiosk, url, folder):
    speech, heard = folder / "question.wav", folder / "heard.wav"
    speak(speech, "What can I see here today?")
    manager = Manager(folder)
    environment = dict(os.environ, OPENAI_API_KEY=KEY, NOTIFY_SOCKET=manager.path)
    environment["XDG_STATE_HOME"] = str(folder / "state")
    microphone = f"filesrc location={speech} ! wavparse ! audioconvert ! audioresample"
    process = subprocess.Popen(
        [kiosk, "--base-url", url, "--microphone", microphone]
        + ["--loudspeaker", f"wavenc ! filesink location={heard}"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        manager.wait_for("READY=1")
        manager.wait_for("WATCHDOG=1", 2)
        wait_until("the visitor was answered", lambda: max(items_of(url), default=0) >= 2)
        wait_until("the answer was spoken", lambda: not sessions(url)[0]["model_speaking"])
        process.send_signal(signal.SIGUSR1)
        wait_until("the visitor is forgotten", lambda: items_of(url) == [0])
        process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        output, _ = process.communicate(timeout=BOUND_S)
    finally:
        if process.poll() is None:
            process.kill()
    if process.returncode != 0 or "the next visitor (split-session)" not in output:
        sys.exit(f"status {process.returncode}: {output}")
    if heard.stat().st_size < 200_000:
        sys.exit("next to nothing was played")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kiosk", required=True)
    parser.add_argument("--simulator", required=True)
    arguments = parser.parse_args()
    with Simulator(arguments.simulator) as url, tempfile.TemporaryDirectory() as name:
        run(arguments.kiosk, url, pathlib.Path(name))


if __name__ == "__main__":
    main()
