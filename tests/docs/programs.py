"""What the tests of the example programs share: bounds, waiting, the simulator and its state."""

import json
import subprocess
import sys
import time
import urllib.request

BOUND_S = 40
KEY = "sk-simulator-programs"


class Simulator:
    """Runs beside a test: `with Simulator(program, …) as url`."""

    def __init__(self, program, *options):
        self.command = [program, "--port", "0", "--api-key", KEY, *options]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return json.loads(self.process.stdout.readline())["listening"]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def wait_until(what, condition):
    deadline = time.monotonic() + BOUND_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {BOUND_S} s: {what}")
        time.sleep(0.05)


def sessions(url):
    """The sessions that are alive, as the simulator sees them."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/simulator/state", timeout=5) as answer:
        return [call["session"] for call in json.load(answer)["sessions"]]


def order(url, action, value=""):
    """Something is done to every running call."""
    urllib.request.urlopen(
        url.removesuffix("/v1") + f"/simulator/sessions/*/{action}",
        data=json.dumps({"value": value}).encode(),
        timeout=5,
    ).close()


def speak(path, text):
    """A WAV file of that text."""
    say = ["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), text]
    subprocess.run(say, check=True, timeout=30)
