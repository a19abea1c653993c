#!/usr/bin/env python3
"""Runs examples/kiosk as systemd would: with a socket for its notifications, signals, and an end.

    run_kiosk.py --kiosk PROGRAM --simulator PROGRAM

The microphone is a recording of a question, the loudspeaker a file.
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

BOUND_S = 40
KEY = "sk-simulator-kiosk"


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


def state(url):
    with urllib.request.urlopen(url.removesuffix("/v1") + "/simulator/state", timeout=5) as answer:
        return json.load(answer)


def wait_until(what, condition):
    deadline = time.monotonic() + BOUND_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {BOUND_S} s: {what}")
        time.sleep(0.05)


def sessions(url):
    return [call["session"] for call in state(url)["sessions"]]


def items_of(url):
    return [len(session["items"]) for session in sessions(url)]


def run(kiosk, url, folder):
    speech = folder / "question.wav"
    say = ["espeak-ng", "-v", "en-us", "-w", str(speech), "What can I see here today?"]
    subprocess.run(say, check=True, timeout=30)
    manager = Manager(folder)
    environment = dict(os.environ, OPENAI_API_KEY=KEY, NOTIFY_SOCKET=manager.path)
    environment["XDG_STATE_HOME"] = str(folder / "state")
    microphone = f"filesrc location={speech} ! wavparse ! audioconvert ! audioresample"
    process = subprocess.Popen(
        [kiosk, "--base-url", url, "--microphone", microphone]
        + ["--loudspeaker", "wavenc ! filesink location=" + str(folder / "heard.wav")],
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
    if (folder / "heard.wav").stat().st_size < 200_000:
        sys.exit("next to nothing was played")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kiosk", required=True)
    parser.add_argument("--simulator", required=True)
    arguments = parser.parse_args()
    simulator = subprocess.Popen(
        [arguments.simulator, "--port", "0", "--api-key", KEY], stdout=subprocess.PIPE, text=True
    )
    try:
        url = json.loads(simulator.stdout.readline())["listening"]
        with tempfile.TemporaryDirectory() as name:
            run(arguments.kiosk, url, pathlib.Path(name))
    finally:
        simulator.terminate()
        simulator.wait(10)
        simulator.stdout.close()


if __name__ == "__main__":
    main()
