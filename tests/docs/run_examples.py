#!/usr/bin/env python3
"""Runs the commands that a page of the documentation shows, against the simulator.

    run_examples.py --build BUILD --source SOURCE --simulator PROGRAM PAGE...

A command is a fenced block marked `sh` that begins with gst-launch-1.0, examples/ or
build/examples/. It runs in an empty folder with a recording, question.wav, and must end by itself,
well, without an ERROR; each WAV file that it writes must be audible. What would go to the service
goes to the simulator: base-url is replaced, or added after the first element of ours. A block with
a comment `# needs: …` cannot run everywhere: its pipeline is only parsed.
"""
import argparse
import array
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import wave

COMMANDS = ("gst-launch-1.0 ", "examples/", "build/examples/")
KEY = "sk-simulator-docs"
BOUND_S = 60
# What need not be installed to parse a line.
STAND_INS = {
    "pulsesrc": "audiotestsrc",
    "pulsesink": "fakesink",
    "autoaudiosrc": "audiotestsrc",
    "autoaudiosink": "fakesink",
    "v4l2src": "videotestsrc",
}
OUR_ELEMENT = re.compile(r"\bopenairealtime(?:bin|sink|src)\b")


def commands_of(page):
    """(line number, command, what it needs) of each block that is a command."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        needs, lines = "", []
        for line in match[1].splitlines():
            if line.startswith("# needs:"):
                needs = line.partition(":")[2].strip()
            elif line and not line.startswith("#"):
                lines.append(line)
        command = "\n".join(lines)
        if command.startswith(COMMANDS):
            yield text.count("\n", 0, match.start()) + 2, command, needs


class Simulator:
    def __init__(self, program):
        tool = 'time_in:{"zone":"Asia/Tokyo"}'
        self.process = subprocess.Popen(
            [program, "--port", "0", "--api-key", KEY, "--call-tool", tool],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = json.loads(self.process.stdout.readline())["listening"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def aimed_at(command, url):
    """The command with the simulator in place of the service."""
    if "base-url" in command:
        return re.sub(r"(base-url[= ])[\"']?[^\s\"']+[\"']?", rf"\g<1>{url}", command)
    if command.startswith("gst-launch-1.0"):
        return OUR_ELEMENT.sub(lambda found: f"{found[0]} base-url={url}", command, count=1)
    return f"{command} --base-url {url}"


def is_audible(path):
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            return True
        samples = array.array("h", file.readframes(file.getnframes()))
    return bool(samples) and max(abs(sample) for sample in samples) > 1000


def run(command, folder, environment):
    """What is wrong with it, or nothing."""
    before = set(folder.glob("*.wav"))
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=BOUND_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return f"does not end within {BOUND_S} s\n{output}"
    if process.returncode != 0:
        return f"ends with status {process.returncode}\n{output}"
    if re.search(r"^(ERROR|error:|WARNING: from)", output, re.MULTILINE):
        return f"says:\n{output}"
    for made in set(folder.glob("*.wav")) - before:
        if not is_audible(made):
            return f"writes {made.name}, in which nothing can be heard"
    return ""


def parse(command, source):
    """What is wrong with a command that cannot run here, or nothing."""
    words = shlex.split(command.replace("\\\n", " "))
    if not command.startswith("gst-launch-1.0"):
        script = source / words[0].removeprefix("build/")
        there = any(map(pathlib.Path.exists, (script, script.with_suffix(".c"), script.with_suffix(".cpp"))))
        return "" if there else f"there is no {words[0]}"
    try:
        import gi

        gi.require_version("Gst", "1.0")
        from gi.repository import GLib, Gst
    except (ImportError, ValueError):
        return ""
    Gst.init(None)
    words = [word for word in words[1:] if not word.startswith("-")]
    words = [STAND_INS.get(word, word) for word in words]
    try:
        Gst.parse_launchv(words)
    except GLib.Error as error:
        return f"is no pipeline: {error.message}"
    return ""


def prepare(folder, build, source):
    (folder / "build").symlink_to(build)
    (folder / "examples").symlink_to(source / "examples")
    (folder / "question.txt").write_text("Hello. What time is it?\n")
    say = ["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(folder / "question.wav")]
    subprocess.run([*say, "Hello. What time is it?"], check=True, timeout=30)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("pages", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    environment = dict(os.environ, OPENAI_API_KEY=KEY)
    # Examples in Python are run with the Python that runs this, which has gi.
    environment["PATH"] = os.path.dirname(sys.executable) + ":" + environment["PATH"]
    failed = count = 0
    for page in arguments.pages:
        for line, command, needs in commands_of(page):
            count += 1
            if needs:
                wrong = parse(command, arguments.source)
            else:
                simulator = Simulator(arguments.simulator)
                try:
                    with tempfile.TemporaryDirectory() as name:
                        folder = pathlib.Path(name)
                        prepare(folder, arguments.build, arguments.source)
                        wrong = run(aimed_at(command, simulator.url), folder, environment)
                finally:
                    simulator.stop()
            failed += bool(wrong)
            verdict = f"FAILED: {wrong}" if wrong else f"parsed, needs {needs}" if needs else "ran"
            print(f"{page.name}:{line}: {verdict}\n    {command.splitlines()[0]}", flush=True)
    print(f"{count} commands, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
