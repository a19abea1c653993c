#!/usr/bin/env python3
"""Runs examples/token_server.py between a launch line and the simulator.

    run_token_server.py --examples FOLDER --simulator PROGRAM

The device that knows the secret talks; one that does not is told so, and the key stays where it is.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from programs import BOUND_S, KEY, Simulator, speak

SECRET = "device-secret-17"


def talk(folder, url, token_url, secret):
    """The launch line of a device: its status and what it said."""
    line = (
        "filesrc location=question.wav ! wavparse ! openairealtimebin eos-policy=after-answer "
        f"base-url={url} token-url={token_url} ! wavenc ! filesink location=answer.wav"
    ).split()
    line.insert(line.index("openairealtimebin") + 1, f"token-headers=Authorization: Bearer {secret}")
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    return subprocess.run(
        ["gst-launch-1.0", *line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )


def run(url, token_url, folder):
    speak(folder / "question.wav", "Hello. Is anybody there?")
    known = talk(folder, url, token_url, SECRET)
    if known.returncode != 0 or (folder / "answer.wav").stat().st_size < 200_000:
        sys.exit(f"no answer: status {known.returncode}\n{known.stdout}{known.stderr}")
    stranger = talk(folder, url, token_url, "guessed")
    told = stranger.stdout + stranger.stderr
    if stranger.returncode == 0 or "The request to token-url was refused" not in told:
        sys.exit(f"a stranger gets: status {stranger.returncode}\n{told}")
    if KEY in known.stdout + known.stderr + told:
        sys.exit("the project key left the token server")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=pathlib.Path, required=True)
    parser.add_argument("--simulator", required=True)
    arguments = parser.parse_args()
    with Simulator(arguments.simulator) as url, tempfile.TemporaryDirectory() as name:
        server = subprocess.Popen(
            [sys.executable, arguments.examples / "token_server.py", "--port", "0", "--base-url", url],
            env=dict(os.environ, OPENAI_API_KEY=KEY, DEVICE_SECRET=SECRET),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            run(url, server.stdout.readline().strip(), pathlib.Path(name))
        finally:
            server.terminate()
            server.wait(10)
            server.stdout.close()


if __name__ == "__main__":
    main()
