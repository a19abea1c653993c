#!/usr/bin/env python3
"""Compares what the pages say with what is there: links, Python snippets, bus messages, the
sentences of errors, options and faults of the simulator.

    check_pages.py --source SOURCE --simulator PROGRAM
"""
import argparse
import pathlib
import re
import subprocess
import sys

wrong = []


def complain(page, text):
    wrong.append(f"{page.name}: {text}")


def anchors(page):
    """The anchors of the headings, as the usual renderers make them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check_links(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            complain(page, f"the link to {link} leads nowhere")
        elif anchor and anchor not in anchors(target):
            complain(page, f"{target.name} has no heading {anchor}")


def check_python(page):
    text = page.read_text(encoding="utf-8")
    for snippet in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        try:
            compile(snippet, page.name, "exec")
        except SyntaxError as error:
            complain(page, f"{error} in a snippet that begins with {snippet.splitlines()[0]}")


def without_comments(code):
    return re.sub(r"^\s*//.*$", "", code, flags=re.MULTILINE)


def literals(source):
    """Every string literal of the sources, adjacent ones joined, one a line."""
    parts = []
    for folder in ("gst", "plugins"):
        for path in sorted((source / folder).rglob("*.cpp")):
            code = without_comments(path.read_text(encoding="utf-8"))
            code = re.sub(r'"\s*\n?\s*"', "", code)
            parts += re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    return "\n".join(part.replace('\\"', '"') for part in parts)


def is_made_of(there, words, pieces):
    """Whether the words are at most so many pieces of literals, one after the other."""
    if not words or pieces == 0:
        return not words
    for end in range(len(words), 0, -1):
        if " ".join(words[:end]) in there:
            return is_made_of(there, words[end:], pieces - 1)
    return False


def check_sentences(page, source):
    """Each message in the tables is made of pieces that the sources have."""
    there = literals(source)
    section = page.read_text(encoding="utf-8").split("## No message")[0]
    for sentence in re.findall(r"^\| `([^`]+)`", section, re.MULTILINE):
        for piece in re.split(r"…", sentence):
            # Names of properties stand in quotes and are literals of their own.
            for part in piece.split('"'):
                if not is_made_of(there, part.strip(" .:,;()").split(), 3):
                    complain(page, f'nothing says "{part}"')


def check_messages(page, source):
    """The table of bus messages has every message and every field, and no other."""
    code = (source / "plugins/gstopenairealtimemessages.cpp").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page.read_text("utf-8"), re.MULTILINE))
    posted = re.findall(r'"openai-realtime/([a-z-]+)"(.*?)\)\);', code, re.DOTALL)
    names = {name for name, _ in posted}
    for name in names - set(table):
        complain(page, f"the message {name} is missing")
    for name, fields in posted:
        for field in re.findall(r'"([a-z-]+)"', fields):
            if f"`{field}`" not in table.get(name, f"`{field}`"):
                complain(page, f"the message {name} has a field {field}")
    text = page.read_text(encoding="utf-8")
    for field in re.findall(r'set_(?:ms|count)\(stats[^,]*, "([a-z-]+)"', code):
        if f"`{field}`" not in text:
            complain(page, f"the figure {field} is missing")


def check_simulator(page, program):
    told = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30).stdout
    text = page.read_text(encoding="utf-8")
    for option in set(re.findall(r"--[a-z][a-z-]+", text)) - {"--help"}:
        if not re.search(rf"{option}\b", told):
            complain(page, f"the simulator has no {option}")
    faults = told.split("Faults, as", 1)[1].split("Control while", 1)[0]
    for fault in re.findall(r"^  ([a-z]+_?[a-z_]*)(?:=\S+)?  ", faults, re.MULTILINE):
        if f"`{fault}`" not in text:
            complain(page, f"the fault {fault} is missing")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--simulator", required=True)
    arguments = parser.parse_args()
    docs = arguments.source / "docs"
    for page in [arguments.source / "README.md", *sorted(docs.glob("*.md"))]:
        check_links(page)
        check_python(page)
    check_messages(docs / "using.md", arguments.source)
    check_sentences(docs / "troubleshooting.md", arguments.source)
    check_simulator(docs / "simulator.md", arguments.simulator)
    print("\n".join(wrong) or "the pages say what is there")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
